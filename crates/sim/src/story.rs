//! What happened in a run, so that a person can read it: the whole of it, or only what became of one row.

use std::fmt;

/// **Order**: as it happened.
#[derive(Clone, Debug, Default)]
pub struct Story(Vec<Line>);

#[derive(Clone, Debug)]
struct Line {
    /// The first day is 1.
    day: u32,
    /// Of the day.
    second: u32,
    /// A PC, or the hub.
    who: String,
    what: String,
}

/// What the hub wrote down, which only the story of a row tells.
const HUB: &str = "hub";

impl Story {
    pub fn tell(&mut self, (day, second): (u32, u32), who: &str, what: &str) {
        self.0.push(Line { day: day + 1, second, who: who.to_owned(), what: what.to_owned() });
    }

    pub fn hub(&mut self, when: (u32, u32), what: &str) {
        self.tell(when, HUB, what);
    }

    /// Everything that people and programs did, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().filter(|line| line.who != HUB).map(Line::to_string).collect()
    }

    /// Every line that has one of these words.
    #[must_use]
    pub fn of(&self, words: &[String]) -> Vec<String> {
        let told = |line: &&Line| tokens(&line.what).any(|token| words.iter().any(|word| word == token));
        self.0.iter().filter(told).map(Line::to_string).collect()
    }
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '.')
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { day, second, who, what } = self;
        write!(f, "day {day} {:02}:{:02} {who}: {what}", second / 3600, second / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_story_of_its_own() {
        let mut story = Story::default();
        story.tell((0, 3600), "pc1", "+employees 1 [\"P1\", \"Usta w2\"]");
        story.tell((0, 7200), "pc2", "+employees 1 [\"P12\"]");
        story.hub((1, 0), "change 1 insert employees P1");
        let told = story.of(&["P1".to_owned()]);
        assert_eq!(
            told,
            [
                "day 1 01:00 pc1: +employees 1 [\"P1\", \"Usta w2\"]",
                "day 2 00:00 hub: change 1 insert employees P1"
            ]
        );
        assert_eq!(story.lines().len(), 2);
    }
}
