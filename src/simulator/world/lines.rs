//! What people are called and what they say.

/// What a chat is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Weather and going out.
    Weather,
    /// Games.
    Games,
    /// Homework and exams.
    Study,
    /// A shop's customers.
    Shop,
    /// Jokes and idling.
    Jokes,
    /// Servers and code.
    Servers,
    /// Everyday life.
    Life,
}

pub(super) const ACCOUNTS: &[&str] = &["小助手", "客服2号", "夜猫子Bot"];

pub(super) const NICKNAMES: &[&str] = &[
    "小不点",
    "夜雨声烦",
    "Alice",
    "老王",
    "🐱猫猫头",
    "ᴮᵒᵇ",
    "群主大人",
    "K7",
    "咕咕咕",
    "Ω",
    "半夏",
    "Mr.White",
    "阿尔法",
    "サクラ",
    "한별",
    "下一秒起床",
    "不会飞的鱼",
    "小红",
    "小明",
    "王芳",
    "张三丰",
    "李想",
    "陈皮糖",
    "南风知我意",
    "Echo",
    "一只柚子",
    "晚安玛卡巴卡",
    "路人甲",
    "摸鱼达人",
    "Kevin_Zhao",
    "芝士雪豹",
    "秃头程序员",
    "橘子汽水",
    "云深不知处",
    "人间清醒",
    "🌙月半",
    "豆浆配油条",
    "三分糖去冰",
    "HelloKitty",
    "今天也没早睡",
];

pub(super) const CARDS: &[&str] =
    &["高三2班-李想", "运维-小刘", "【管理】阿杰", "北京-设计-Lin", "客户 张先生", "22级计科", "值班中☕", "前端/远程"];

pub(super) const GROUPS: &[(&str, Topic)] = &[
    ("测试群", Topic::Life),
    ("水友群", Topic::Jokes),
    ("运维值班群", Topic::Servers),
    ("高三冲刺互助", Topic::Study),
    ("周末爬山小分队", Topic::Weather),
    ("小店售后咨询", Topic::Shop),
    ("开黑五缺一", Topic::Games),
    ("读书会", Topic::Study),
    ("新群", Topic::Life),
    ("Rust 中文交流", Topic::Servers),
    ("相亲相爱一家人", Topic::Life),
    ("原价转让二手群", Topic::Shop),
];

/// Questions that somebody would put to a bot.
pub(super) fn questions(topic: Topic) -> &'static [&'static str] {
    match topic {
        Topic::Weather => &[
            "今天天气怎么样？要带伞吗",
            "明天北京会下雨吗？",
            "周末去香山爬山穿什么合适？",
            "台风几号到上海",
            "后天几点日出？想去看日出🌅",
            "零下5度跑步要注意啥",
            "what's the weather like in Tokyo?",
        ],
        Topic::Games => &[
            "原神新版本什么时候更新？",
            "这把我玩打野，前期怎么帮线？对面中单是个会绕后的刺客，我总是被反野，装备也跟不上，该先补经济还是先抓人",
            "3060 玩黑神话能开什么画质",
            "推荐几个能和女朋友一起玩的 Switch 游戏",
            "塞尔达那个雷电神庙第二个机关怎么过……卡两小时了",
            "gg，怎么说服队友别送",
        ],
        Topic::Study => &[
            "导数压轴题没思路：f(x)=e^x-ax，讨论零点个数",
            "帮我写一首关于秋天的诗",
            "翻译一下：Stay hungry, stay foolish.",
            "定语从句里 that 和 which 到底怎么选？",
            "用三句话讲清楚什么是熵",
            "帮我列一个考研英语的复习计划，每天只有两个小时，四级 480 分，阅读一般，作文很差",
            "为什么天空是蓝色的？",
        ],
        Topic::Shop => &[
            "你好，我上周五买的保温杯还没发货，能帮我查一下吗",
            "尺码偏大还是偏小？我 170 / 65kg",
            "收到的杯子有裂痕，怎么退",
            "七天无理由运费谁出？",
            "发票能开公司抬头吗",
            "在吗",
            "转人工",
        ],
        Topic::Jokes => &[
            "讲个笑话",
            "再讲一个，要冷的🥶",
            "用鲁迅的口吻吐槽一下周一",
            "1+1等于几",
            "你是真人吗？说实话",
            "给我的猫起三个名字，橘猫，很胖",
        ],
        Topic::Servers => &[
            "请问这个报错是什么意思：TypeError: x is not a function",
            "nginx 502 一般从哪查起？",
            "tokio 里 select! 分支被取消会丢数据吗",
            "df 显示满了但 du 加起来只有一半，为什么",
            "帮我写个 systemd unit，崩了自动重启，日志进 journald",
            "How do I limit memory of a docker container?",
            "chmod 777 有什么问题",
        ],
        Topic::Life => &[
            "晚饭吃什么好？冰箱里只有鸡蛋和西红柿",
            "推荐一本书",
            "感冒了能喝咖啡吗",
            "帮我写个请假条，理由是陪家人看病，语气诚恳一点",
            "上海三日游怎么安排",
            "怎么哄女朋友开心，在线等，挺急的",
            "用三句话介绍一下你自己",
        ],
    }
}

/// What people say to each other.
pub(super) const CHATTER: &[&str] = &[
    "哈哈哈哈哈哈",
    "笑死",
    "今天好冷啊",
    "有人打游戏吗",
    "+1",
    "？",
    "6",
    "在路上了在路上了",
    "刚下班，累瘫",
    "谁懂啊，地铁又坏了",
    "lol",
    "早上好☀️",
    "收到",
    "周报写完了吗各位",
    "这图太离谱了😂",
    "晚上吃火锅，有人来吗？人均 80，地址在老地方，七点到就行，不来的提前说一声我好订位置",
    "ok",
    "我先撤了，明天见",
    "[CQ:at,qq=all] 这只是文本",
    "换行\n第二行\n第三行",
    "👨‍👩‍👧‍👦 全家出游",
    "biubiubiu~",
    "有没有人知道食堂几点关门",
    "nice!",
];

/// What follows an answer.
pub(super) const FOLLOW_UPS: &[&str] = &[
    "那后天呢？",
    "能再详细一点吗",
    "不对吧，你再想想",
    "谢谢！",
    "太长不看，一句话总结",
    "换个说法",
    "举个例子",
    "好的明白了👌",
];

/// Asks for much.
pub(super) const LONG_QUESTIONS: &[&str] = &[
    "写一篇 2000 字的年终总结，我是做运维的，今年迁移了机房，还修了三次凌晨的故障",
    "把《红楼梦》前五回的情节详细讲一遍，越详细越好",
];
