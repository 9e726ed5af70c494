//! Small numbers in a row, in two bytes each as long as they fit.

/// Numbers, 0 where there is none.
#[derive(Clone, Debug)]
pub(crate) enum Codes {
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

impl Codes {
    pub fn len(&self) -> usize {
        match self {
            Self::Narrow(codes) => codes.len(),
            Self::Wide(codes) => codes.len(),
        }
    }

    pub fn get(&self, at: usize) -> u32 {
        match self {
            Self::Narrow(codes) => codes.get(at).copied().map_or(0, u32::from),
            Self::Wide(codes) => codes.get(at).copied().unwrap_or(0),
        }
    }

    pub fn set(&mut self, at: usize, code: u32) {
        match (&mut *self, u16::try_from(code)) {
            (Self::Narrow(codes), Ok(code)) => {
                if let Some(place) = codes.get_mut(at) {
                    *place = code;
                }
            }
            (Self::Narrow(codes), Err(_)) => {
                *self = Self::Wide(codes.iter().copied().map(u32::from).collect());
                self.set(at, code);
            }
            (Self::Wide(codes), _) => {
                if let Some(place) = codes.get_mut(at) {
                    *place = code;
                }
            }
        }
    }

    pub fn resize(&mut self, to: usize) {
        fn grow<T: Clone + Default>(codes: &mut Vec<T>, to: usize) {
            if to > codes.capacity() {
                codes.reserve_exact((to - codes.len()).max(codes.len() / 8));
            }
            codes.resize(to, T::default());
        }
        match self {
            Self::Narrow(codes) => grow(codes, to),
            Self::Wide(codes) => grow(codes, to),
        }
    }

    pub fn copy_within(&mut self, from: std::ops::Range<usize>, to: usize) {
        match self {
            Self::Narrow(codes) => codes.copy_within(from, to),
            Self::Wide(codes) => codes.copy_within(from, to),
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Self::Narrow(codes) => codes.capacity() * 2,
            Self::Wide(codes) => codes.capacity() * 4,
        }
    }
}
