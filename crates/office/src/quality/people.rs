//! People who may have been entered twice.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Likeness, Person};
use crate::input::fold;

/// Several entries of one region with one identity number, or with one name.
///
/// **Shape**: those of one number first, then those of one name; each by region, the people in the order they were handed
/// in. Names that differ in size of letters, marks of Turkish or blanks are one name; people of one name whose identity
/// numbers are all given and all differ are not told. A number that only fills the field (`-`, `11`, `00000000000`) is none.
pub fn same_people<'a, K: Ord + Copy>(people: impl IntoIterator<Item = Person<'a, K>>) -> Vec<Finding<K>> {
    let people: Vec<Person<'a, K>> = people.into_iter().collect();
    let by_number = groups(&people, |person| number(person.identity_no));
    let mut by_name = groups(&people, |person| name(person.name));
    by_name.retain(|group| !are_told_apart(group) && !by_number.iter().any(|other| ids(other) == ids(group)));
    let told = |by| move |group: Vec<Person<'a, K>>| Finding::SamePerson { people: ids(&group), by };
    let numbers = by_number.into_iter().map(told(Likeness::IdentityNumber));
    numbers.chain(by_name.into_iter().map(told(Likeness::Name))).collect()
}

type Group<'a, K> = Vec<Person<'a, K>>;

/// People of one region who have the same of something, two at least.
fn groups<'a, K: Copy>(
    people: &[Person<'a, K>],
    what: fn(&Person<'a, K>) -> Option<String>,
) -> Vec<Group<'a, K>> {
    let mut groups: BTreeMap<(&str, String), Group<'a, K>> = BTreeMap::new();
    for person in people {
        if let Some(same) = what(person) {
            groups.entry((person.region.trim(), same)).or_default().push(*person);
        }
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

fn are_told_apart<K>(group: &[Person<'_, K>]) -> bool {
    let numbers: BTreeSet<String> = group.iter().filter_map(|person| number(person.identity_no)).collect();
    numbers.len() == group.len()
}

fn ids<K: Copy>(group: &[Person<'_, K>]) -> Vec<K> {
    group.iter().map(|person| person.id).collect()
}

fn name(text: &str) -> Option<String> {
    let name = fold(text).split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

/// Letters and digits, five at least and two different digits among them.
fn number(text: &str) -> Option<String> {
    let number: String = text.to_uppercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let digits: BTreeSet<char> = number.chars().filter(char::is_ascii_digit).collect();
    (number.chars().count() >= 5 && digits.len() > 1).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person<'a>(id: u8, name: &'a str, identity_no: &'a str, region: &'a str) -> Person<'a, u8> {
        Person { id, name, identity_no, region }
    }

    fn same(people: &[u8], by: Likeness) -> Finding<u8> {
        Finding::SamePerson { people: people.to_vec(), by }
    }

    #[test]
    fn one_name_or_one_number_in_a_region_is_told() {
        let told = same_people([
            person(5, "Deniz Örnek", "", "Ankara"),
            person(1, "Ayşe  IŞIK ", "11", "Ankara"),
            person(2, "ayse isik", "12", "Ankara"),
            person(3, "Ali Deneme", "100 200 300 40", "Ankara"),
            person(4, "A. Deneme", "10020030040", "Ankara"),
            person(6, "DENİZ ÖRNEK", "10000000146", "Ankara"),
        ]);
        let wanted = [
            same(&[3, 4], Likeness::IdentityNumber),
            same(&[1, 2], Likeness::Name),
            same(&[5, 6], Likeness::Name),
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn one_name_and_one_number_is_told_once() {
        let twice = [person(1, "Ali Deneme", "10020030040", ""), person(2, "Ali Deneme", "10020030040", " ")];
        assert_eq!(same_people(twice), [same(&[1, 2], Likeness::IdentityNumber)]);
    }

    #[test]
    fn namesakes_with_numbers_of_their_own_and_other_regions_people_are_not_told() {
        let told = same_people([
            person(1, "Ali Deneme", "10020030040", "Ankara"),
            person(2, "Ali Deneme", "10020030041", "Ankara"),
            person(3, "Ayşe Işık", "00000000000", "Ankara"),
            person(4, "Deniz Örnek", "00000000000", "Ankara"),
            person(5, "Ayşe Işık", "10020030040", "İzmir"),
            person(6, "", "", "Ankara"),
            person(7, " ", "-", "Ankara"),
        ]);
        assert_eq!(told, []);
    }
}
