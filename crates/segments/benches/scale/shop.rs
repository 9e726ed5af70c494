//! The bot of the benchmark: twelve attributes.

use expr::{Condition, Place, Scope, Type};
use jiff::tz::TimeZone;
use model::{AttributeDef, AttributeType, Instant, Value};
use switchboard_segments::Around;

pub struct Shop {
    zone: TimeZone,
    declared: Vec<AttributeDef>,
}

pub const PLANS: [&str; 4] = ["free", "silver", "gold", "trial"];

impl Shop {
    pub fn new() -> Self {
        let def = |name: &str, ty: AttributeType| AttributeDef { name: name.into(), ty, default: None, personal: false };
        let declared = vec![
            def("plan", AttributeType::Enum(PLANS.map(str::to_owned).to_vec())),
            def("orders", AttributeType::Number),
            def("spent", AttributeType::Number),
            def("city", AttributeType::Text),
            def("company", AttributeType::Text),
            def("vip", AttributeType::Bool),
            def("birthday", AttributeType::Date),
            def("renewal", AttributeType::Date),
            def("last_order", AttributeType::Datetime),
            def("trial_ends", AttributeType::Datetime),
            def("home", AttributeType::Country),
            def("score", AttributeType::Number),
        ];
        Self { zone: TimeZone::get("Europe/Madrid").expect("a zone"), declared }
    }

    pub fn condition(&self, source: &str) -> Condition {
        Condition::parse(source, self).unwrap_or_else(|problems| panic!("{source}\n{problems:#?}")).0
    }
}

impl Around for Shop {
    fn zone(&self) -> &TimeZone {
        &self.zone
    }
    fn declared(&self, name: &str) -> Option<&AttributeDef> {
        self.declared.iter().find(|declared| declared.name == name)
    }
    fn global(&self, _: &str) -> Option<&Value> {
        None
    }
    fn is_open(&self, _: &str, _: Instant) -> Option<bool> {
        None
    }
}

impl Scope for Shop {
    fn place(&self) -> Place {
        Place::Segment
    }
    fn variable(&self, _: &str) -> Option<Type> {
        None
    }
    fn attribute(&self, name: &str) -> Option<Type> {
        self.declared.iter().find(|declared| declared.name == name).map(|declared| Type::from(&declared.ty))
    }
    fn variables(&self) -> Vec<String> {
        Vec::new()
    }
    fn attributes(&self) -> Vec<String> {
        self.declared.iter().map(|declared| declared.name.clone()).collect()
    }
    fn segments(&self) -> Vec<String> {
        (0..100).map(|n| format!("s{n}")).collect()
    }
    fn tags(&self) -> Option<Vec<String>> {
        None
    }
    fn events(&self) -> Option<Vec<String>> {
        None
    }
    fn skills(&self) -> Vec<String> {
        vec!["welcome".into()]
    }
    fn channels(&self) -> Vec<String> {
        vec!["web".into(), "telegram".into()]
    }
    fn statuses(&self) -> Vec<String> {
        ["active", "unsubscribed", "blocked"].map(str::to_owned).to_vec()
    }
}
