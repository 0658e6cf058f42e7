//! The settings themselves: one line each, from which everything else follows.
//!
//! A line reads: `name: type = default, kind, label, help [, env "SHORT_NAME"] [[mark]];`. The help is one sentence for
//! a person, shown beside the control. `restart` marks what a running Jarvis takes up only after a restart, `unused` what
//! is accepted because people may have it in their files or environment, while nothing reads it yet.

use crate::define::{define_choice, define_settings};
use crate::spec::{AUTO_MODEL, Kind};

define_choice! {
    /// How the hotkey works.
    HotkeyMode {
        #[default]
        Hold = "hold", "Hold while you speak";
        Toggle = "toggle", "Press to start, press again to end";
    }
}

define_choice! {
    /// What interrupts an answer that is being spoken. The hotkey and `jarvis stop` always do.
    BargeIn {
        #[default]
        Speech = "speech", "Speaking";
        WakeWord = "wake_word", "The wake word";
        Off = "off", "Only the hotkey";
    }
}

define_choice! {
    /// What is done to the voice while it speaks.
    VoiceEffect {
        #[default]
        Normal = "normal", "None";
        Evil = "evil", "Evil";
        Robot = "robot", "Robot";
        Radio = "radio", "Radio";
        Cave = "cave", "Cave";
    }
}

define_choice! {
    /// Which other programs may be asked.
    RemoteReach {
        #[default]
        Off = "off", "None";
        ThisMachine = "this_machine", "Those on this machine";
        Network = "network", "Those on the network, too";
    }
}

define_choice! {
    /// When a model of another program answers.
    RemoteMind {
        #[default]
        First = "first", "It answers, and the own model if it can't";
        Fallback = "fallback", "Only if the own model can't answer";
        Off = "off", "Never";
    }
}

define_choice! {
    /// Whether the texts that applications tell screen readers are used.
    Accessibility {
        Off = "off", "No";
        #[default]
        AsIs = "as_is", "If they tell them anyway";
        SwitchOn = "switch_on", "Have all applications tell them";
    }
}

define_settings! {
    /// The key that starts a question from any application.
    hotkey: Hotkey, "Hotkey" {
        keys: String = "Ctrl+Shift+Space", Kind::Hotkey, "Keys",
            "The keys that make Jarvis listen, from any application.";
        mode: HotkeyMode = HotkeyMode::Hold, Kind::Choice { options: HotkeyMode::OPTIONS }, "Mode",
            "Hold the keys while you speak, or press once to start and once more to end.";
    }

    /// Microphone and speaker.
    audio: Audio, "Sound" {
        input_device: String = "", Kind::InputDevice, "Microphone",
            "The microphone to listen to; empty follows the system's choice.";
        output_device: String = "", Kind::OutputDevice, "Speaker",
            "The speaker to answer on; empty follows the system's choice.";
        volume: f32 = 1.0_f32, Kind::number(0.0, 1.0, ""), "Volume",
            "How loud Jarvis speaks.";
    }

    /// The word that wakes Jarvis.
    wake: Wake, "Wake word" {
        enabled: bool = true, Kind::Switch, "Listen for the wake word",
            "Lets you say \"hey Jarvis\" in place of the hotkey; the microphone stays on, and nothing leaves this machine.";
        model: String = "wake-hey-jarvis", Kind::Model { of: "wake" }, "Wake word",
            "Which word wakes Jarvis.";
        sensitivity: f32 = 0.5_f32, Kind::number(0.0, 1.0, ""), "Sensitivity",
            "Higher wakes more easily, and more often by mistake.";
        second_look: bool = true, Kind::Switch, "Look at the wake word twice",
            "Recognition looks at what woke Jarvis, too, so that what only sounds like the wake word is ignored.";
        follow_up_seconds: u32 = 0_u32, Kind::integer(0, 15, "s"), "Listen on after an answer",
            "How long you can go on without the wake word after an answer; 0 never listens unasked.";
    }

    /// When you are done speaking.
    endpoint: Endpoint, "End of speech" {
        silence_ms: u32 = 700_u32, Kind::integer(200, 3000, "ms"), "Pause that ends a question",
            "How long you have to be silent before Jarvis answers when your words don't tell that you are done: a whole command is answered sooner, a question that is whole by the language model's judgement after half of it, an unfinished sentence is waited for.";
        max_seconds: u32 = 30_u32, Kind::integer(1, 120, "s"), "Longest question",
            "Jarvis stops listening after this many seconds.";
    }

    /// Turning speech into words.
    recognition: Recognition, "Recognition" {
        model: String = "whisper-tiny.en", Kind::Model { of: "recognition" }, "Model",
            "The model that turns speech into words; bigger ones hear better and answer later.";
        languages: String = "", Kind::Languages, "Languages",
            "The languages that you speak, such as \"en, de\"; empty lets a multilingual model find out among all it knows.";
        partial_words: bool = true, Kind::Switch, "Show words while you speak",
            "Shows what was understood so far, before you are done; off saves some work of the processor.";
    }

    /// How Jarvis sounds.
    voice: Voice, "Voice" {
        enabled: bool = true, Kind::Switch, "Speak answers",
            "Off shows answers without speaking them.";
        model: String = "piper-en_US-joe-medium", Kind::Model { of: "voice" }, "Voice",
            "The voice that answers.";
        rate: f32 = 1.0_f32, Kind::number(0.5, 2.0, "×"), "Speed",
            "How fast Jarvis speaks: 0.5 is half, 2 is double.";
        effect: VoiceEffect = VoiceEffect::Normal, Kind::Choice { options: VoiceEffect::OPTIONS }, "Effect",
            "How the voice is changed while it speaks; you can also say \"use the robot voice\".";
        effect_amount: f32 = 1.0_f32, Kind::number(0.0, 1.0, ""), "Strength of the effect",
            "How much of the effect is heard beside the voice as it is.";
        speaker: u32 = 0_u32, Kind::integer(0, 1000, ""), "Speaker",
            "Which speaker of a voice that has several; a number that it doesn't have is its last one.";
        cache_mb: u32 = 32_u32, Kind::integer(0, 1000, "MB"), "Kept phrases",
            "How much disk space phrases that are said often may take, so that they are spoken at once; 0 keeps none.";
        barge_in: BargeIn = BargeIn::Speech, Kind::Choice { options: BargeIn::OPTIONS }, "Interrupt an answer by",
            "What stops an answer; choose the wake word where loudspeakers are so near that Jarvis interrupts itself.";
    }

    /// The language model.
    mind: Mind, "Mind" {
        enabled: bool = true, Kind::Switch, "Use the language model",
            "Off answers only what the built-in skills know, and needs far less memory.";
        model: String = AUTO_MODEL, Kind::Model { of: "language" }, "Model",
            "The language model that answers what no skill knows: one of the list, the path of a GGUF file, or \"auto\" for the best that is installed and quick on this machine.";
        max_tokens: u32 = 96_u32, Kind::integer(8, 1024, "tokens"), "Longest answer",
            "The most that the language model says at once; a token is about three quarters of a word.";
        temperature: f32 = 0.2_f32, Kind::number(0.0, 2.0, ""), "Temperature",
            "0 always gives the likeliest answer; higher varies more and is wrong more often.";
        context_turns: u32 = 2_u32, Kind::integer(0, 32, "exchanges"), "Remembered exchanges",
            "How many of your last questions and answers the language model sees when you refer to them.";
    }

    /// Models that other programs run, on this machine or elsewhere. Off until it is switched on.
    remote: Remote, "Models of other programs" {
        allowed: RemoteReach = RemoteReach::Off, Kind::Choice { options: RemoteReach::OPTIONS }, "Ask other programs",
            "Whether models of other programs may be asked, such as Ollama on this machine or a service on the network; what you ask then leaves Jarvis.";
        mind: RemoteMind = RemoteMind::First, Kind::Choice { options: RemoteMind::OPTIONS }, "Answers",
            "When another program's language model answers what no skill knows.";
        address: String = "", Kind::Address, "Address",
            "Where the server is, such as \"http://127.0.0.1:11434/v1\" for Ollama; it has to be OpenAI-compatible.";
        model: String = "", Kind::Text, "Model",
            "What the server calls the language model; `jarvis remote` lists those that it has.";
        key_variable: String = "", Kind::Variable, "Variable with the key",
            "The environment variable that holds the key for that address; empty takes the one in the system's keyring, if there is one.";
        first_words_seconds: u32 = 3_u32, Kind::integer(1, 60, "s"), "Time for the first words",
            "How long the first words may take before the own model answers.";
        per_minute: u32 = 60_u32, Kind::integer(1, 1000, "requests"), "Requests a minute",
            "How often a server is asked at most, so that nothing runs up a bill.";
        pictures: bool = false, Kind::Switch, "Show pictures of the screen there",
            "Where the text on the screen is not enough, offers to show its picture to that server: you see it first, and it is sent only when you click Send.";
        picture_model: String = "", Kind::Text, "Model for pictures",
            "What the server calls a model that sees pictures; empty is the model above.";
        recognition: bool = false, Kind::Switch, "Recognize speech there",
            "Sends what you say, as sound, to be turned into words there; the own recognition stands in.";
        recognition_address: String = "", Kind::Address, "Address for recognition",
            "Where speech is recognized; empty is the address above.";
        recognition_model: String = "whisper-1", Kind::Text, "Model for recognition",
            "What that server calls its model.";
        voice: bool = false, Kind::Switch, "Speak with a voice from there",
            "Sends each answer there to be spoken; the own voice stands in.";
        voice_address: String = "", Kind::Address, "Address for the voice",
            "Where the voice is; empty is the address above.";
        voice_model: String = "tts-1", Kind::Text, "Model for the voice",
            "What that server calls its model.";
        voice_name: String = "alloy", Kind::Text, "Name of the voice",
            "What that server calls the voice.";
    }

    /// Looking at the screen.
    eyes: Eyes, "Screen" {
        enabled: bool = true, Kind::Switch, "Look when you ask",
            "Lets Jarvis look at the screen when you ask about it, and else only to read ahead, where you switch that on; nothing of it is written to disk.";
        private_windows: bool = true, Kind::Switch, "Leave out private windows",
            "Blackens private windows of browsers before anything is read, where their titles tell them. Those of Chrome, Chromium and Brave tell it only to screen readers; on Wayland no window can be left out.";
        excluded_apps: String = "1Password, Bitwarden, Dashlane, Enpass, KeePass, KeePassXC, Keychain Access, KWalletManager, LastPass, Passwords, Proton Pass, Seahorse, Secrets",
            Kind::Names, "Never look at",
            "Applications whose windows are blackened before anything is read. On Wayland no window can be left out.";
        accessibility: Accessibility = Accessibility::AsIs, Kind::Choice { options: Accessibility::OPTIONS }, "Text from applications",
            "Whether the exact text that applications tell screen readers is read in place of the picture; having all of them tell it makes some of them slower.";
        highlight: bool = true, Kind::Switch, "Show where it is",
            "Frames what was found on the screen for a moment.";
        remember_minutes: u32 = 5_u32, Kind::integer(0, 60, "min"), "Remember what was read",
            "How long what was read stays in memory, with its picture, so that the next question is answered at once; 0 forgets it with the answer.";
        background: bool = false, Kind::Switch, "Read ahead",
            "Reads the active window whenever it changes, unasked, so that answers come sooner; the sign in the tray is lit each time.";
    }

    /// Learning from use.
    learning: Learning, "Learning" {
        enabled: bool = true, Kind::Switch, "Learn from use",
            "Lets Jarvis learn your phrasings from your corrections, on this machine alone.", env "JARVIS_LEARNING" [unused];
    }

    /// How hard Jarvis may work this machine.
    performance: Performance, "Performance" {
        cache_size: u32 = 1000_u32, Kind::integer(0, 1_000_000, "entries"), "Cache size",
            "How many results are kept for when they are asked for again.", env "JARVIS_CACHE_SIZE" [unused];
        thread_workers: u32 = 0_u32, Kind::integer(0, 256, "threads"), "Worker threads",
            "How many threads recognition and the language model compute with; 0 fits it to this machine.", env "JARVIS_THREAD_WORKERS" [restart];
        monitoring_interval: f32 = 5.0_f32, Kind::number(0.1, 3600.0, "s"), "Monitoring interval",
            "Seconds between two looks at processor and memory.", env "JARVIS_MONITORING_INTERVAL" [unused];
        memory_threshold: f32 = 0.8_f32, Kind::number(0.1, 1.0, ""), "Memory threshold",
            "Background work slows down when more than this share of memory is used." [unused];
        cpu_threshold: f32 = 0.7_f32, Kind::number(0.1, 1.0, ""), "Processor threshold",
            "Background work slows down when more than this share of the processor is used." [unused];
        batch_size: u32 = 10_u32, Kind::integer(1, 1024, "items"), "Batch size",
            "How many pieces of background work are done together at most.", env "JARVIS_BATCH_SIZE" [unused];
        batch_timeout: f32 = 0.1_f32, Kind::number(0.0, 10.0, "s"), "Batch timeout",
            "How many seconds a piece of background work waits for others to join it." [unused];
        gpu_enabled: bool = true, Kind::Switch, "Use the graphics processor",
            "Recognition and the language model compute on the graphics processor where there is one and this program was built for it.", env "JARVIS_GPU_ENABLED" [restart];
        gc_interval: u32 = 300_u32, Kind::integer(0, 86_400, "s"), "Memory trim interval",
            "Seconds between two returns of unused memory to the system; 0 never does.", env "JARVIS_GC_INTERVAL" [unused];
        profile: bool = false, Kind::Switch, "Record a profile",
            "Records where the time of each answer goes, for those who want to make Jarvis faster.", env "JARVIS_PROFILE" [unused];
    }
}

impl Eyes {
    /// The applications that are never looked at, by name.
    pub fn excluded(&self) -> impl Iterator<Item = &str> {
        self.excluded_apps.split(',').map(str::trim).filter(|name| !name.is_empty())
    }
}
