//! Where boxes stand and how arrows run: layers from top to bottom.
//!
//! The library finds the layers and an order with few crossings; what is promised here holds whatever it answers. Boxes never
//! overlap: they are moved apart within their layer. No arrow crosses a box: it goes sideways only between layers, and
//! through a layer in a column of its own.

use rust_sugiyama::configure::{Config, RankingType};
use std::collections::{BTreeMap, BTreeSet};

/// Between neighbours of a layer.
const BESIDE: f64 = 26.0;
/// Between layers: room for arrows to cross from one column to another.
const BELOW: f64 = 40.0;
/// The width of the column of an arrow that passes a layer.
const COLUMN: f64 = 10.0;

/// From this many boxes on the order is not polished further: it would take long.
const MANY: usize = 200;

/// A box to be placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// How wide it is.
    pub wide: f64,
    /// How high it is.
    pub high: f64,
}

/// A point of the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// A placed drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The centre of each box.
    pub centres: Vec<Point>,
    /// The corners each arrow runs through, from its tail to its head. Between two points it goes straight down or up, or
    /// crosses from one layer to the next.
    pub ways: Vec<Vec<Point>>,
    /// How wide everything is.
    pub wide: f64,
    /// How high everything is.
    pub high: f64,
}

/// Places boxes and arrows. An arrow of a box to itself is not for this: put a box for its name between.
pub fn place(sizes: &[Size], arrows: &[(usize, usize)]) -> Placed {
    let rough = layers(sizes, arrows);
    // Arrows over several layers get a box in each: a column that nothing else stands in.
    let mut all: Vec<Size> = sizes.to_vec();
    let mut edges: Vec<(usize, usize)> = Vec::new();
    let mut chains: Vec<Vec<usize>> = Vec::with_capacity(arrows.len());
    for (from, to) in arrows {
        let (upper, lower) = if rough.rank[*from] <= rough.rank[*to] { (*from, *to) } else { (*to, *from) };
        let between = rough.rank[lower].saturating_sub(rough.rank[upper] + 1);
        let mut chain = vec![upper];
        for _ in 0..between {
            chain.push(all.len());
            all.push(Size { wide: COLUMN, high: 1.0 });
        }
        chain.push(lower);
        edges.extend(chain.windows(2).map(|pair| (pair[0], pair[1])));
        if upper != *from {
            chain.reverse();
        }
        chains.push(chain);
    }
    let fine = if all.len() > sizes.len() { layers(&all, &edges) } else { rough };
    settle(sizes.len(), &all, &chains, fine)
}

/// The layer and the place in it of each box.
struct Layers {
    rank: Vec<usize>,
    x: Vec<f64>,
}

fn layers(sizes: &[Size], arrows: &[(usize, usize)]) -> Layers {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let vertices: Vec<(u32, (f64, f64))> = sizes.iter().enumerate().map(|(at, s)| (number(at), (s.wide, s.high))).collect();
    let edges: BTreeSet<(u32, u32)> = arrows.iter().filter(|(a, b)| a != b).map(|(a, b)| (number(*a), number(*b))).collect();
    let edges: Vec<(u32, u32)> = edges.into_iter().collect();
    // Its other way to layers, the shortest arrows, does not end on some graphs.
    let config = Config { vertex_spacing: BESIDE, transpose: sizes.len() < MANY, ranking_type: RankingType::Up, ..Config::default() };
    let parts = rust_sugiyama::from_vertices_and_edges(&vertices, &edges, &config);
    let mut found = Layers { rank: vec![0; sizes.len()], x: vec![0.0; sizes.len()] };
    let mut left = 0.0;
    for (mut boxes, _, _) in parts {
        boxes.retain(|(at, _)| *at < sizes.len());
        boxes.sort_by_key(|(at, _)| *at);
        let mut heights: Vec<f64> = boxes.iter().map(|(_, (_, y))| *y).collect();
        heights.sort_by(f64::total_cmp);
        heights.dedup_by(|a, b| (*a - *b).abs() < 0.5);
        let edge = boxes.iter().map(|(at, (x, _))| x - sizes[*at].wide / 2.0).fold(f64::INFINITY, f64::min);
        let mut right = left;
        for (at, (x, y)) in boxes {
            found.rank[at] = heights.iter().position(|h| (h - y).abs() < 0.5).unwrap_or(0);
            found.x[at] = left + x - edge;
            right = right.max(found.x[at] + sizes[at].wide / 2.0);
        }
        left = right + 2.0 * BESIDE;
    }
    found
}

/// Moves boxes apart, gives layers their heights, and draws the arrows' ways.
fn settle(real: usize, sizes: &[Size], chains: &[Vec<usize>], layers: Layers) -> Placed {
    let Layers { rank, mut x } = layers;
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, rank) in rank.iter().enumerate() {
        rows.entry(*rank).or_default().push(at);
    }
    let (mut tops, mut bottoms) = (BTreeMap::new(), BTreeMap::new());
    let mut top = 0.0;
    for (rank, row) in &mut rows {
        row.sort_by(|a, b| x[*a].total_cmp(&x[*b]).then(a.cmp(b)));
        for pair in 1..row.len() {
            let (left, right) = (row[pair - 1], row[pair]);
            x[right] = x[right].max(x[left] + (sizes[left].wide + sizes[right].wide) / 2.0 + BESIDE);
        }
        let high = row.iter().map(|at| sizes[*at].high).fold(0.0, f64::max);
        tops.insert(*rank, top);
        bottoms.insert(*rank, top + high);
        top += high + BELOW;
    }
    let least = (0..sizes.len()).map(|at| x[at] - sizes[at].wide / 2.0).fold(f64::INFINITY, f64::min);
    let least = if least.is_finite() { least } else { 0.0 };
    x.iter_mut().for_each(|x| *x -= least);
    let middle = |at: usize| (tops[&rank[at]] + bottoms[&rank[at]]) / 2.0;
    let ports = ports(sizes, chains, &rank, &x);
    let ways = chains
        .iter()
        .enumerate()
        .map(|(number, chain)| {
            let mut way = Vec::new();
            for (step, at) in chain.iter().enumerate() {
                let (first, last) = (step == 0, step + 1 == chain.len());
                let neighbour = if first { chain.get(1) } else { chain.get(step - 1) };
                let down = neighbour.is_some_and(|n| rank[*n] > rank[*at]);
                let (edge, band) = if down {
                    (middle(*at) + sizes[*at].high / 2.0, bottoms[&rank[*at]])
                } else {
                    (middle(*at) - sizes[*at].high / 2.0, tops[&rank[*at]])
                };
                if first || last {
                    let port = ports.get(&(number, first)).copied().unwrap_or(x[*at]);
                    let (near, far) = (Point { x: port, y: edge }, Point { x: port, y: band });
                    way.extend(if first { [near, far] } else { [far, near] });
                } else {
                    let (upper, lower) = (Point { x: x[*at], y: tops[&rank[*at]] }, Point { x: x[*at], y: bottoms[&rank[*at]] });
                    way.extend(if down { [lower, upper] } else { [upper, lower] });
                }
            }
            way
        })
        .collect();
    let centres = (0..real).map(|at| Point { x: x[at], y: middle(at) }).collect();
    let wide = (0..sizes.len()).map(|at| x[at] + sizes[at].wide / 2.0).fold(0.0, f64::max);
    Placed { centres, ways, wide, high: bottoms.values().copied().fold(0.0, f64::max) }
}

/// Where each arrow touches its boxes: spread along their edges, in the order in which the arrows go on, so that they do not
/// cross at once. Keyed by the arrow and whether it is its tail.
fn ports(sizes: &[Size], chains: &[Vec<usize>], rank: &[usize], x: &[f64]) -> BTreeMap<(usize, bool), f64> {
    /// Where an arrow comes from or goes to, its number, and whether this is its tail.
    type End = (f64, usize, bool);
    let mut sides: BTreeMap<(usize, bool), Vec<End>> = BTreeMap::new();
    for (number, chain) in chains.iter().enumerate() {
        let [first, second, ..] = chain.as_slice() else { continue };
        let [.., before, last] = chain.as_slice() else { continue };
        sides.entry((*first, rank[*second] > rank[*first])).or_default().push((x[*second], number, true));
        sides.entry((*last, rank[*before] > rank[*last])).or_default().push((x[*before], number, false));
    }
    let mut ports = BTreeMap::new();
    for ((at, _), mut arrows) in sides {
        arrows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let parts = arrows.len() as f64 + 1.0;
        for (place, (_, number, tail)) in arrows.into_iter().enumerate() {
            ports.insert((number, tail), x[at] + sizes[at].wide * 0.8 * ((place as f64 + 1.0) / parts - 0.5));
        }
    }
    ports
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is promised: boxes apart, arrows between their boxes, no arrow through a box.
    pub fn promises(sizes: &[Size], arrows: &[(usize, usize)], placed: &Placed) -> Result<(), String> {
        let around = |at: usize| {
            let (c, s) = (placed.centres[at], sizes[at]);
            (c.x - s.wide / 2.0, c.y - s.high / 2.0, c.x + s.wide / 2.0, c.y + s.high / 2.0)
        };
        for a in 0..sizes.len() {
            let (l, t, r, b) = around(a);
            if l < -0.01 || t < -0.01 || r > placed.wide + 0.01 || b > placed.high + 0.01 {
                return Err(format!("box {a} is outside the drawing"));
            }
            for other in a + 1..sizes.len() {
                let (l2, t2, r2, b2) = around(other);
                if l < r2 && l2 < r && t < b2 && t2 < b {
                    return Err(format!("boxes {a} and {other} overlap"));
                }
            }
        }
        if placed.ways.len() != arrows.len() {
            return Err("an arrow is missing".into());
        }
        for (number, way) in placed.ways.iter().enumerate() {
            let touches = |at: usize, p: Point| {
                let (l, t, r, b) = around(at);
                p.x >= l && p.x <= r && ((p.y - t).abs() < 0.01 || (p.y - b).abs() < 0.01)
            };
            let (from, to) = arrows[number];
            if !touches(from, way[0]) || !touches(to, way[way.len() - 1]) {
                return Err(format!("arrow {number} does not join {from} and {to}"));
            }
            for pair in way.windows(2) {
                for at in 0..sizes.len() {
                    let (l, t, r, b) = around(at);
                    let (left, right) = (pair[0].x.min(pair[1].x), pair[0].x.max(pair[1].x));
                    let (top, bottom) = (pair[0].y.min(pair[1].y), pair[0].y.max(pair[1].y));
                    // A curve stays within the rectangle of its ends.
                    if left < r - 0.01 && right > l + 0.01 && top < b - 0.01 && bottom > t + 0.01 {
                        return Err(format!("arrow {number} crosses box {at}"));
                    }
                }
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn boxes_never_overlap_and_arrows_never_cross_them(
            sizes in prop::collection::vec((10.0..260.0f64, 10.0..120.0f64), 1..28),
            arrows in prop::collection::vec((0usize..28, 0usize..28), 0..60),
        ) {
            let sizes: Vec<Size> = sizes.into_iter().map(|(wide, high)| Size { wide, high }).collect();
            let arrows: Vec<(usize, usize)> =
                arrows.into_iter().map(|(a, b)| (a % sizes.len(), b % sizes.len())).filter(|(a, b)| a != b).collect();
            let placed = place(&sizes, &arrows);
            prop_assert_eq!(promises(&sizes, &arrows, &placed), Ok(()));
            prop_assert_eq!(place(&sizes, &arrows), placed, "the same graph is drawn the same");
        }
    }

    #[test]
    fn a_long_skill_is_placed_as_well() {
        let sizes = vec![Size { wide: 180.0, high: 60.0 }; 500];
        let arrows: Vec<(usize, usize)> = (1..500).map(|at| (at - 1, at)).chain([(499, 0), (250, 3)]).collect();
        let placed = place(&sizes, &arrows);
        assert_eq!(promises(&sizes, &arrows, &placed), Ok(()));
    }
}
