//! robots.txt as RFC 9309 has it, with the tolerance for slips that Google's parser shows.
//!
//! A file is parsed once into groups; [`Robots::agent`] picks what holds for one crawler, and the
//! [`AgentRules`] are small enough to be kept per host. Every refusal names the line it comes from.
//!
//! Where Google's library and the RFC differ about a path, both are heeded: a disallow line holds if either of them
//! says so, an allow line only if both do (`pattern`).

mod agent;
mod lines;
mod pattern;
mod rules;

use std::time::Duration;

use agent::AgentName;
pub use agent::is_product_token;
use lines::Key;
use pattern::Pattern;
use rules::Rule;
pub use rules::{AgentRules, Decision, RuleLine};

/// The name by which robots.txt, X-Robots-Tag and `<meta>` can address this crawler.
pub const PRODUCT: &str = "rad";

/// Most bytes of a file that are read: the least that RFC 9309, 2.5 asks for, which Google uses too.
pub const MAX_BYTES: usize = 500 * 1024;

/// Longest delay that a file can ask for. A longer one is a slip or a way to say "go away", which has a
/// line of its own.
pub const MAX_CRAWL_DELAY: Duration = Duration::from_mins(5);

/// Longest sitemap address that is kept, in bytes.
const MAX_SITEMAP_BYTES: usize = 8_192;

/// A parsed robots.txt.
#[derive(Clone, Debug, Default)]
pub struct Robots {
    groups: Vec<Group>,
    sitemaps: Vec<String>,
}

/// Rules with the agents that they are for.
#[derive(Clone, Debug, Default)]
struct Group {
    agents: Vec<AgentName>,
    rules: Vec<Rule>,
    /// Each delay with the number of agents that had been named before it. A delay does not end the list
    /// of agents, and holds for those above it only.
    delays: Vec<(usize, Duration)>,
    /// Set by the first rule: the next user-agent line starts another group.
    closed: bool,
}

impl Robots {
    /// Parses a file. There is no invalid one: what is not understood is passed over.
    pub fn parse(body: &[u8]) -> Self {
        let mut robots = Self::default();
        for line in lines::lines(capped(body)) {
            match line.field {
                Some((Key::UserAgent, value)) => robots.name_agent(value),
                Some((Key::Allow, value)) => robots.add_rules(Rule::allow(value, &line)),
                Some((Key::Disallow, value)) => robots.add_rules(Rule::disallow(value, &line)),
                Some((Key::CrawlDelay, value)) => robots.add_delay(value),
                Some((Key::Sitemap, value)) => robots.add_sitemap(value),
                Some((Key::Other, _)) | None => {}
            }
        }
        robots
    }

    /// The rules of a host without a robots.txt: everything is allowed.
    pub fn allow_all() -> Self {
        Self::default()
    }

    /// The rules of a host whose robots.txt could not be read: nothing is allowed, and no line says so.
    pub fn deny_all() -> Self {
        let group = Group {
            agents: vec![AgentName::everybody()],
            rules: vec![Rule::everything()],
            ..Group::default()
        };
        Self { groups: vec![group], sitemaps: Vec::new() }
    }

    /// What holds for a crawler by its product token, with or without a version, or by its whole user agent: the
    /// groups that name it, or else those for `*`.
    pub fn agent(&self, name: &str) -> AgentRules {
        let own = agent::products(name).into_iter().find_map(|product| self.rules_of(&product));
        own.or_else(|| self.rules_of(agent::EVERYBODY)).unwrap_or_default()
    }

    /// The sitemap addresses in the order of the file. They are for all agents, and not checked.
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }

    fn rules_of(&self, agent: &str) -> Option<AgentRules> {
        let mut named = false;
        let mut rules = Vec::new();
        let mut delay = None;
        for group in &self.groups {
            let Some(place) = group.agents.iter().position(|name| name.is(agent)) else {
                continue;
            };
            named = true;
            rules.extend_from_slice(&group.rules);
            let of_group = group.delays.iter().find(|(agents, _)| *agents > place);
            delay = delay.or(of_group.map(|(_, delay)| *delay));
        }
        named.then(|| AgentRules::new(rules, delay))
    }

    fn name_agent(&mut self, value: &[u8]) {
        if self.groups.last().is_none_or(|group| group.closed) {
            self.groups.push(Group::default());
        }
        if let (Some(group), Some(agent)) = (self.groups.last_mut(), AgentName::parse(value)) {
            group.agents.push(agent);
        }
    }

    /// Rules above the first user-agent line belong to nobody.
    fn add_rules(&mut self, rules: impl IntoIterator<Item = Rule>) {
        if let Some(group) = self.groups.last_mut() {
            group.closed = true;
            group.rules.extend(rules);
        }
    }

    fn add_delay(&mut self, value: &[u8]) {
        let seconds = std::str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok());
        let Some(seconds) = seconds.filter(|seconds| *seconds >= 0.0) else {
            return;
        };
        let delay = Duration::from_secs_f64(seconds.min(MAX_CRAWL_DELAY.as_secs_f64()));
        if let Some(group) = self.groups.last_mut() {
            group.delays.push((group.agents.len(), delay));
        }
    }

    fn add_sitemap(&mut self, value: &[u8]) {
        if !value.is_empty() && value.len() <= MAX_SITEMAP_BYTES {
            self.sitemaps.push(String::from_utf8_lossy(value).into_owned());
        }
    }
}

/// The part of a file that is read, without a line that was cut in two: half a rule says something else.
fn capped(body: &[u8]) -> &[u8] {
    if body.len() <= MAX_BYTES {
        return body;
    }
    let head = &body[..MAX_BYTES];
    let end = head.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    &head[..end.map_or(0, |end| end + 1)]
}

#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;
