//! What people say about timers, and which intent it is.

use jarvis_core::{Risk, SkillSpec};

pub const SET: &str = "timer.set";
pub const STATUS: &str = "timer.status";
pub const CANCEL: &str = "timer.cancel";
/// A timer that runs gets another length, slot `to`, or more or less of it, slot `by`: seconds.
pub const CHANGE: &str = "timer.change";
/// A length of time and nothing else: asked back about, unless it answers a question.
pub const LENGTH: &str = "timer.length";
/// About timers, and not understood.
pub const UNCLEAR: &str = "timer.unclear";

pub const SPECS: &[SkillSpec] = &[
    SkillSpec {
        intent: SET,
        description: "Set a timer for a length of time, with or without a name.",
        examples: &["set a timer for five minutes", "start a pasta timer for ten minutes", "an hour and a half timer"],
        risk: Risk::Low,
    },
    SkillSpec {
        intent: STATUS,
        description: "Say how long timers have left.",
        examples: &["how much time is left", "check my timers", "how long is left on the pasta timer"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: CANCEL,
        description: "Cancel a timer, or silence one that rings.",
        examples: &["cancel the timer", "stop the pasta timer", "cancel all timers", "turn off the alarm"],
        risk: Risk::Low,
    },
    SkillSpec {
        intent: CHANGE,
        description: "Make a timer that runs longer or shorter.",
        examples: &[
            "add five minutes to the timer",
            "take a minute off the pasta timer",
            "change the timer to ten minutes",
        ],
        risk: Risk::Low,
    },
    SkillSpec {
        intent: LENGTH,
        description: "Ask whether a timer is meant, where only a length of time was said.",
        examples: &["five minutes", "make it 20 minutes", "no, 15 minutes"],
        risk: Risk::Low,
    },
    SkillSpec {
        intent: UNCLEAR,
        description: "Own up to what was not understood about a timer.",
        examples: &["set a timer for banana minutes", "set two timers for five and ten minutes"],
        risk: Risk::None,
    },
];

/// Earlier ones are tried first. Slots `more` and `less` are lengths that are added and taken off.
pub const TEMPLATES: &[(&str, &str)] = &[
    (CHANGE, "(add|put) [another|an extra] {more} [more|extra] (to|on|onto) [the|my|that|this] timer"),
    (CHANGE, "(add|put) [another|an extra] {more} [more|extra] (to|on|onto) [the|my|that|this] {label} timer"),
    (CHANGE, "(give|grant) [the|my|that|this] [{label}] timer [another|an extra] {more} [more|extra]"),
    (CHANGE, "add [another|an extra] {more} [more|extra]"),
    (CHANGE, "(extend|lengthen|prolong) [the|my|that|this] [{label}] timer (by|for) [another|an extra] {more}"),
    (CHANGE, "make [the|my|that|this] [{label}] timer {more} longer"),
    (CHANGE, "make [the|my|that|this] [{label}] timer {less} shorter"),
    (CHANGE, "(take|subtract|remove) {less} (from|off|off of|away from) [the|my|that|this] timer"),
    (CHANGE, "(take|subtract|remove) {less} (from|off|off of|away from) [the|my|that|this] {label} timer"),
    (CHANGE, "(shorten|reduce|cut) [the|my|that|this] [{label}] timer by {less}"),
    (CHANGE, "(change|move|shorten|extend|adjust|update) [the|my|that|this] [{label}] timer to {to}"),
    (CHANGE, "make [the|my|that|this] [{label}] timer {to} [long]"),
    (SET, "(set|start|create|make|add|give me|i need|i want) (another one|one more|another|one) [for|of] {duration}"),
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want|let us have) [me|up|on|in|us] [a|an|another|the|my|one|new] [new] timer [on|up] [for|of|to|at] {duration}",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want) [me|up|on|us] [a|an|another|the|my] {duration} timer",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want) [me|up|on|us] [a|an|another|the|my] {duration} (timer|countdown) (for|called|named|labeled) [the|my|a|some] {label}",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want) [me|up|on|us] [a|an|another|the|my] timer (for|of) {duration} (for|called|named|labeled) [the|my|a|some] {label}",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want) [me|up|on|us] [a|an|another|the|my] {label} timer (for|of|to|at) {duration}",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run) [a|an|another|the|my] timer (called|named|labeled|for [the|my|some]) {label} (for|of|to|at) {duration}",
    ),
    (SET, "[a|another|new] timer [for|of] {duration}"),
    (
        SET,
        "(no|nope|no no|wait no|no wait|no sorry|no actually) (set|start|make) [me] [a|another|the|my] timer [for|of|to] {duration} [instead|rather]",
    ),
    (
        SET,
        "[wait|sorry|actually] (set|start|make) [me] [a|another|the|my] timer [for|of|to] {duration} (instead|rather)",
    ),
    (SET, "[a|an|another] {duration} timer"),
    (SET, "[a|the|my] {label} timer (for|of) {duration}"),
    (SET, "(set|start|begin) [a|the] countdown (for|of|from) {duration}"),
    (SET, "(count down|countdown) [from|for] {duration}"),
    (SET, "(set|start) [a|an] {duration} countdown"),
    (SET, "time {duration}"),
    (SET, "(set|start|create|make|begin|give me|i need|i want) [me|up] [a|another|the|my|one] [new] timer"),
    (
        SET,
        "[(set|start|create|make|begin|give me|i need|i want) [me|up] [a|another|the|my|one] [new]] timer [for|of|to] {count}",
    ),
    (SET, "(set|start|create|make|begin|give me|i need|i want) [me|up] (a|an|another|one|my) {label} timer"),
    (
        STATUS,
        "how (much time|long|much longer|much|many minutes|many seconds) [time] [is|are|do i have|have i got|does it have|until] [left|remaining|to go] [on|for|in|of] [the|my|that|this] timer [left|have left|have|has left|still has|is done]",
    ),
    (
        STATUS,
        "how (much time|long|much longer|much) [time] [is|do i have] [left|remaining] (on|for|in|of) [the|my|that|this] {label} timer",
    ),
    (
        STATUS,
        "how (much time|long|much longer|much) [time] (does|has|do) [the|my] [{label}] timer [got|have|still have] [left|got left|remaining]",
    ),
    (STATUS, "how (much time|much longer) [is|do i have|have i got] (left|remaining|to go)"),
    (STATUS, "how much longer [is it|now]"),
    (STATUS, "how long (is left|do i have left|have i got left|left)"),
    (STATUS, "how (are|is) (my|the) [{label}] (timer|timers) [doing|going]"),
    (
        STATUS,
        "[check|show|show me|list|read|tell me|what are|what is|give me] [all|all of] [on] [the|my|me] (timer|timers) [status|left|running|active]",
    ),
    (STATUS, "(check|show|show me) [on] (the|my) {label} timer"),
    (STATUS, "(status|time left) (of|on) [the|my|all] [{label}] (timer|timers)"),
    (STATUS, "what is the status (of|on) [the|my|all] [{label}] (timer|timers)"),
    (
        STATUS,
        "when (is|does|will) (the|my) [{label}] timer [be] (done|end|ends|over|up|finish|finished|go off|going off|ring|due)",
    ),
    (STATUS, "(do i have|are there|is there|have i got) [any|a] (timer|timers) [running|set|active|going|left|on]"),
    (
        STATUS,
        "(what|which|how many) timers (do i have|are there|are running|are set|are active|have i got|have i set) [running|set]",
    ),
    (STATUS, "is (the|my) [{label}] timer [still] (running|on|done|going|set|active|over|up)"),
    (
        CANCEL,
        "(cancel|stop|delete|remove|clear|end|kill|silence|dismiss|reset|turn off|shut off|switch off|get rid of) [all|all of|every] [the|my|that|this|these|those] (timer|timers)",
    ),
    (
        CANCEL,
        "(cancel|stop|delete|remove|clear|end|kill|silence|dismiss|turn off|shut off|switch off|get rid of) [the|my|that|this] {label} timer",
    ),
    (CANCEL, "(cancel|stop|delete|remove|end) [the|my] timer (for|called|named) [the|my] {label}"),
    (CANCEL, "(turn|switch|shut) [the|my|that|all] (timer|timers|alarm) off"),
    (
        CANCEL,
        "(cancel|stop|silence|dismiss|turn off|shut off|switch off|mute|end|kill) [the|my|that|this] (alarm|ringing|beeping|ringer|noise)",
    ),
    (CANCEL, "(no more|forget the|forget my|forget all) (timer|timers)"),
    // Last, since the words before are clearer.
    (
        LENGTH,
        "[no|sorry|no sorry|actually] (make it|make that|change it to|set it to|set it for|i said|i meant|i mean) {duration} [instead]",
    ),
    (LENGTH, "(no|sorry|no sorry|actually) {duration} [instead]"),
    (LENGTH, "[for] {duration}"),
];
