//! Renderings held against published ones.
//!
//! The templates in `published` are those of the models' pages (`tokenizer_config.json`), as llama.cpp's
//! `tests/test-chat-template.cpp` (MIT) has them with what they render to; Qwen 2 and 3 (Apache-2.0), Gemma 3, Llama 2 and
//! Llama 3.2 are rendered by Jinja2 3.1 itself, set up as transformers does it. Of Llama 3.2's and Mistral's v3 the parts
//! for tools are left out.

use super::*;

/// The dialogue with which llama.cpp tests its templates.
fn dialogue() -> Vec<Message> {
    [
        (Role::System, "You are a helpful assistant"),
        (Role::User, "Hello"),
        (Role::Assistant, "Hi there"),
        (Role::User, "Who are you"),
        (Role::Assistant, "   I am an assistant   "),
        (Role::User, "Another question"),
    ]
    .map(|(role, text)| Message::new(role, text))
    .to_vec()
}

macro_rules! published {
    ($name:literal) => {
        include_str!(concat!("template/published/", $name, ".jinja"))
    };
}

const CHATML_RENDERED: &str = "<|im_start|>system\nYou are a helpful assistant<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi there<|im_end|>\n<|im_start|>user\nWho are you<|im_end|>\n<|im_start|>assistant\n   I am an assistant   <|im_end|>\n<|im_start|>user\nAnother question<|im_end|>\n<|im_start|>assistant\n";
const SMOLLM2: &str = published!("smollm2");
const MISTRAL: &str = published!("mistral-v0.2");

fn rendered(source: Option<&str>, messages: &[Message]) -> Result<String> {
    ChatTemplate::new(source, "<s>", "</s>").and_then(|template| template.render(messages, true))
}

#[test]
fn renderings_are_those_published() {
    let gemma = "<start_of_turn>user\nYou are a helpful assistant\n\nHello<end_of_turn>\n<start_of_turn>model\nHi there<end_of_turn>\n<start_of_turn>user\nWho are you<end_of_turn>\n<start_of_turn>model\nI am an assistant<end_of_turn>\n<start_of_turn>user\nAnother question<end_of_turn>\n<start_of_turn>model\n";
    let phi = "<|system|>\nYou are a helpful assistant<|end|>\n<|user|>\nHello<|end|>\n<|assistant|>\nHi there<|end|>\n<|user|>\nWho are you<|end|>\n<|assistant|>\n   I am an assistant   <|end|>\n<|user|>\nAnother question<|end|>\n<|assistant|>\n";
    for (name, source, expected) in [
        ("SmolLM2", SMOLLM2, CHATML_RENDERED),
        ("Qwen 2", published!("qwen2"), CHATML_RENDERED),
        // It is asked not to think aloud.
        ("Qwen 3", published!("qwen3"), &format!("{CHATML_RENDERED}<think>\n\n</think>\n\n")),
        (
            "Llama 2",
            published!("llama2"),
            "<s>[INST] <<SYS>>\nYou are a helpful assistant\n<</SYS>>\n\nHello [/INST] Hi there </s><s>[INST] Who are you [/INST] I am an assistant </s><s>[INST] Another question [/INST]",
        ),
        (
            "Llama 3",
            published!("llama3"),
            "<s><|start_header_id|>system<|end_header_id|>\n\nYou are a helpful assistant<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHi there<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWho are you<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nI am an assistant<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnother question<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        (
            "Llama 3.2",
            published!("llama3.2"),
            "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\nYou are a helpful assistant<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHi there<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWho are you<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nI am an assistant<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnother question<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        (
            "Mistral, v1",
            published!("mistral-v1"),
            "<s> [INST] You are a helpful assistant\n\nHello [/INST] Hi there</s> [INST] Who are you [/INST]    I am an assistant   </s> [INST] Another question [/INST]",
        ),
        // Its instructions stand before what was said last.
        (
            "Mistral, v3",
            published!("mistral-v3"),
            "<s>[INST] Hello[/INST] Hi there</s>[INST] Who are you[/INST] I am an assistant</s>[INST] You are a helpful assistant\n\nAnother question[/INST]",
        ),
        (
            "Mistral, v7",
            published!("mistral-v7"),
            "<s>[SYSTEM_PROMPT] You are a helpful assistant[/SYSTEM_PROMPT][INST] Hello[/INST] Hi there</s>[INST] Who are you[/INST]    I am an assistant   </s>[INST] Another question[/INST]",
        ),
        ("Gemma 1 and 2", published!("gemma"), gemma),
        ("Gemma 3", published!("gemma3"), &format!("<s>{gemma}")),
        ("Phi 3 small", published!("phi3-small"), &format!("<s>{phi}")),
        (
            "Phi 4",
            published!("phi4"),
            "<|im_start|>system<|im_sep|>You are a helpful assistant<|im_end|><|im_start|>user<|im_sep|>Hello<|im_end|><|im_start|>assistant<|im_sep|>Hi there<|im_end|><|im_start|>user<|im_sep|>Who are you<|im_end|><|im_start|>assistant<|im_sep|>   I am an assistant   <|im_end|><|im_start|>user<|im_sep|>Another question<|im_end|><|im_start|>assistant<|im_sep|>",
        ),
        // With line breaks between its tags: right only when those are trimmed.
        (
            "Zephyr",
            published!("zephyr"),
            "<|system|>\nYou are a helpful assistant</s>\n<|user|>\nHello</s>\n<|assistant|>\nHi there</s>\n<|user|>\nWho are you</s>\n<|assistant|>\n   I am an assistant   </s>\n<|user|>\nAnother question</s>\n<|assistant|>\n",
        ),
    ] {
        assert_eq!(rendered(Some(source), &dialogue()).unwrap(), expected, "{name}");
    }
    for none in [None, Some("  \n")] {
        assert_eq!(rendered(none, &dialogue()).unwrap(), CHATML_RENDERED);
    }
}

#[test]
fn who_says_nothing_of_the_model_s_nature_gets_its_own_words() {
    assert_eq!(
        rendered(Some(SMOLLM2), &dialogue()[1..2]).unwrap(),
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    );
}

#[test]
fn instructions_are_never_lost() {
    // One refuses them, the other leaves them out without a word.
    assert_eq!(
        rendered(Some(MISTRAL), &dialogue()).unwrap(),
        "<s>[INST] You are a helpful assistant\n\nHello [/INST]Hi there</s>[INST] Who are you [/INST]   I am an assistant   </s>[INST] Another question [/INST]"
    );
    assert_eq!(
        rendered(Some(published!("phi3-mini")), &dialogue()).unwrap(),
        "<s><|user|>\nYou are a helpful assistant\n\nHello<|end|>\n<|assistant|>\nHi there<|end|>\n<|user|>\nWho are you<|end|>\n<|assistant|>\n   I am an assistant   <|end|>\n<|user|>\nAnother question<|end|>\n<|assistant|>\n"
    );
}

#[test]
fn the_installed_model_has_the_template_tested_here() {
    let gguf = crate::testing::default_gguf();
    assert_eq!(gguf.header.metadata.text("tokenizer.chat_template").unwrap(), Some(SMOLLM2));
}

#[test]
fn python_methods_work() {
    let source = "{{ messages[0].content.strip().upper() }}|{{ messages[0]['content'].split(' ')[1] }}|{{ messages[0].get('tool', 'none') }}|{{ 'ab'.startswith('a') }}|{% for k, v in messages[0].items() %}{{ k }} {% endfor %}";
    let found = rendered(Some(source), &[Message::new(Role::User, "hello world ")]).unwrap();
    assert_eq!(found, "HELLO WORLD|world|none|True|content role ");
}

#[test]
fn what_a_template_refuses_is_told_in_its_words() {
    let reason = rendered(Some(MISTRAL), &dialogue()[2..]).unwrap_err().to_string();
    assert!(reason.contains("roles must alternate"), "{reason}");
}

#[test]
fn hostile_templates_end() {
    let endless = "{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}{% endfor %}{% endfor %}{% endfor %}";
    let huge = "{% for a in range(10000) %}{{ 'xxxxxxxxxx' * 1000 }}{% endfor %}";
    let deep = "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}";
    for source in [endless, huge, deep, "{{ messages[0]['content'", "{{ nosuch() }}", "{% include 'file' %}"] {
        assert!(matches!(rendered(Some(source), &dialogue()), Err(LlmError::Template(_))), "{source}");
    }
}
