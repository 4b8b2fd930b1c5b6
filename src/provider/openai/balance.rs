//! Money left at a vendor. Each has its own address and shape (llm.md §3.2); known by the host.

use serde_json::Value;

use crate::provider::endpoint::Endpoint;

/// A vendor that tells the balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vendor {
    DeepSeek,
    Moonshot,
    SiliconFlow,
}

impl Vendor {
    fn of(host: &str) -> Option<Self> {
        let is = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        if is("deepseek.com") {
            Some(Self::DeepSeek)
        } else if is("moonshot.cn") || is("moonshot.ai") {
            Some(Self::Moonshot)
        } else if is("siliconflow.cn") || is("siliconflow.com") {
            Some(Self::SiliconFlow)
        } else {
            None
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::DeepSeek => "/user/balance",
            Self::Moonshot => "/v1/users/me/balance",
            Self::SiliconFlow => "/v1/user/info",
        }
    }

    /// The amount with its sign. Only DeepSeek names the currency; the others bill by site, yuan for `.cn`.
    fn read(self, host: &str, body: &Value) -> Option<String> {
        let sign = if host.ends_with(".cn") { "¥" } else { "$" };
        match self {
            Self::DeepSeek => {
                let infos = body.get("balance_infos")?.as_array()?;
                let amounts: Vec<String> = infos
                    .iter()
                    .filter_map(|info| {
                        let sign = match info.get("currency")?.as_str()? {
                            "CNY" => "¥",
                            "USD" => "$",
                            _ => "",
                        };
                        amount(sign, info.get("total_balance")?)
                    })
                    .collect();
                (!amounts.is_empty()).then(|| amounts.join(" + "))
            }
            Self::Moonshot => amount(sign, body.pointer("/data/available_balance")?),
            Self::SiliconFlow => amount(sign, body.pointer("/data/totalBalance")?),
        }
    }
}

/// Numbers come as numbers or as strings; two decimals are what money has.
fn amount(sign: &str, value: &Value) -> Option<String> {
    let amount = match value {
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        other => other.as_f64()?,
    };
    Some(if amount < 0.0 { format!("-{sign}{:.2}", -amount) } else { format!("{sign}{amount:.2}") })
}

/// The balance behind every key, ` / ` between them; `None` where the vendor has no such address or refuses.
pub async fn balance(endpoint: &Endpoint) -> Option<String> {
    let vendor = Vendor::of(endpoint.host())?;
    let mut all = Vec::new();
    for key in 0..endpoint.keys() {
        let body = endpoint.get_root(vendor.path(), key).await.ok()?;
        all.push(vendor.read(endpoint.host(), &serde_json::from_slice(&body).ok()?)?);
    }
    (!all.is_empty()).then(|| all.join(" / "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_are_known_by_their_host() {
        assert_eq!(Vendor::of("api.deepseek.com"), Some(Vendor::DeepSeek));
        assert_eq!(Vendor::of("api.moonshot.ai"), Some(Vendor::Moonshot));
        assert_eq!(Vendor::of("api.siliconflow.cn"), Some(Vendor::SiliconFlow));
        assert_eq!(Vendor::of("notdeepseek.com"), None);
        assert_eq!(Vendor::of("deepseek.com.evil.example"), None);
    }

    #[test]
    fn their_shapes_are_read() {
        for (vendor, host, body, want) in [
            (
                Vendor::DeepSeek,
                "api.deepseek.com",
                r#"{"is_available":true,"balance_infos":[{"currency":"CNY","total_balance":"110.00","granted_balance":"10.00"}]}"#,
                Some("¥110.00"),
            ),
            (
                Vendor::Moonshot,
                "api.moonshot.cn",
                r#"{"code":0,"data":{"available_balance":-49.58894,"voucher_balance":46.5},"scode":"0x0","status":true}"#,
                Some("-¥49.59"),
            ),
            (
                Vendor::SiliconFlow,
                "api.siliconflow.com",
                r#"{"code":20000,"data":{"balance":"0.88","chargeBalance":"88.00","totalBalance":"88.88"}}"#,
                Some("$88.88"),
            ),
            (Vendor::SiliconFlow, "api.siliconflow.cn", r#"{"code":20000,"data":null}"#, None),
        ] {
            assert_eq!(vendor.read(host, &serde_json::from_str(body).unwrap()).as_deref(), want);
        }
    }
}
