//! Amounts of money as people type them.

use super::{Coercion, shown};
use crate::number;
use model::{Money, Value};
use rust_decimal::Decimal;

/// Currency signs that stand for one currency; `$`, `kr` and `¥` depend on the country.
const SIGNS: [(&str, &str); 9] =
    [("€", "EUR"), ("£", "GBP"), ("₹", "INR"), ("₽", "RUB"), ("₺", "TRY"), ("₴", "UAH"), ("₩", "KRW"), ("₫", "VND"), ("zł", "PLN")];

/// The currency of a country, for countries whose currency is not the euro.
const CURRENCIES: &str = "US USD CA CAD AU AUD NZ NZD GB GBP IE EUR CH CHF LI CHF SE SEK NO NOK DK DKK IS ISK PL PLN CZ CZK HU HUF RO RON \
    UA UAH RU RUB TR TRY IL ILS AE AED SA SAR EG EGP MA MAD NG NGN KE KES ZA ZAR GH GHS IN INR PK PKR BD BDT LK LKR NP NPR CN CNY HK HKD \
    TW TWD JP JPY KR KRW SG SGD MY MYR TH THB VN VND ID IDR PH PHP MX MXN BR BRL AR ARS CL CLP CO COP PE PEN UY UYU BO BOB PY PYG CR CRC \
    GT GTQ DO DOP EC USD SV USD PR USD PA USD";
const EURO: &str = "AT BE BG HR CY EE FI FR DE GR IE IT LV LT LU MT NL PT SK SI ES AD MC SM VA ME XK";

fn currency(country: Option<&str>) -> Option<String> {
    let country = country?.to_ascii_uppercase();
    if EURO.split(' ').any(|c| c == country) {
        return Some("EUR".to_owned());
    }
    let mut words = CURRENCIES.split_ascii_whitespace();
    while let (Some(of), Some(currency)) = (words.next(), words.next()) {
        if of == country {
            return Some(currency.to_owned());
        }
    }
    None
}

/// A bare amount, in the country's currency.
pub fn of_country(amount: Decimal, ctx: &Coercion<'_>) -> Result<Value, String> {
    match currency(ctx.country) {
        Some(currency) => Ok(Value::Money(Money { amount, currency })),
        None => Err("the currency is missing; write it as in 12.50 EUR".to_owned()),
    }
}

/// `12.50 EUR`, `EUR 12.50`, `€12.50`, `12,50 €`, `$5`; without a currency, the country's.
pub fn money(text: &str, ctx: &Coercion<'_>) -> Result<Value, String> {
    let is_amount = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}');
    let amount: String = text.chars().filter(|c| is_amount(*c)).collect();
    let rest = text.trim_matches(is_amount);
    let no = || format!("\"{}\" is not an amount of money; 12.50 EUR is one", shown(text));
    // What is no amount has to be one piece at one end.
    if rest.contains(|c: char| c.is_ascii_digit()) {
        return Err(no());
    }
    let amount = number::spoken(&amount, ctx.language).ok_or_else(no)?;
    let currency = match rest {
        "" => return of_country(amount, ctx),
        "$" | "¥" | "kr" | "kr." => return of_country(amount, ctx),
        code if code.len() == 3 && code.bytes().all(|b| b.is_ascii_alphabetic()) => code.to_ascii_uppercase(),
        sign => SIGNS.iter().find(|(s, _)| *s == sign).map(|(_, code)| (*code).to_owned()).ok_or_else(no)?,
    };
    Ok(Value::Money(Money { amount, currency }))
}
