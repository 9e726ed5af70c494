//! How long a condition takes. The bound is loose, for it has to hold on a busy machine in a debug build; the figure
//! of a release build is printed with `--nocapture`.

use crate::common;

use common::{Person, condition};
use std::hint::black_box;
use switchboard_expr::Fuel;

#[test]
#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
fn a_usual_condition_is_cheap() {
    const ROUNDS: u32 = 20_000;
    let person = Person::default();
    let condition = condition("in segment vip and plan = gold and orders >= 10");
    let start = std::time::Instant::now();
    for _ in 0..ROUNDS {
        let verdict = black_box(&condition).eval(black_box(&person), &mut Fuel::new(1_000));
        assert!(verdict.is_ok_and(|v| v.is_true()));
    }
    let each = start.elapsed() / ROUNDS;
    println!("{each:?} each");
    assert!(each.as_micros() < 50, "{each:?}");
}
