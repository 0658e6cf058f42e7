//! Conversion on a Whisper of a few numbers, whole and broken in every way.

use super::ConvertError;
use super::whisper::{Generation, convert_weights};
use jarvis_core::Cancel;
use proptest::prelude::*;
use std::io::Cursor;

const WIDTH: u32 = 4;
const FFN: u32 = 8;

#[derive(Clone)]
struct Raw {
    name: String,
    shape: Vec<u32>,
    kind: u8,
    data: Vec<u8>,
}

fn half(name: String, shape: &[u32], first: &mut u16) -> Raw {
    let count: u32 = shape.iter().product();
    let data = (0..count).flat_map(|_| {
        *first = first.wrapping_add(1);
        first.to_le_bytes()
    });
    Raw { name, shape: shape.to_vec(), kind: 4, data: data.collect() }
}

/// One layer a part, every number different, except that the key's bias is zero.
fn tensors() -> Vec<Raw> {
    let mut n = 0;
    let mut out = Vec::new();
    let mut add = |name: &str, shape: &[u32]| out.push(half(name.to_owned(), shape, &mut n));
    add("decoder/embeddings/weight", &[6, WIDTH]);
    add("decoder/position_encodings/encodings", &[5, WIDTH]);
    add("encoder/position_encodings/encodings", &[7, WIDTH]);
    for (conv, inputs) in [("conv1", 3), ("conv2", WIDTH)] {
        add(&format!("encoder/{conv}/weight"), &[WIDTH, inputs, 3]);
        add(&format!("encoder/{conv}/bias"), &[WIDTH]);
    }
    for part in ["encoder", "decoder"] {
        let layer = format!("{part}/layer_0");
        let mut linears = vec![
            (format!("{layer}/self_attention/linear_0"), 3 * WIDTH, WIDTH),
            (format!("{layer}/self_attention/linear_1"), WIDTH, WIDTH),
            (format!("{layer}/ffn/linear_0"), FFN, WIDTH),
            (format!("{layer}/ffn/linear_1"), WIDTH, FFN),
        ];
        let mut norms = vec![
            format!("{part}/layer_norm"),
            format!("{layer}/self_attention/layer_norm"),
            format!("{layer}/ffn/layer_norm"),
        ];
        if part == "decoder" {
            linears.push((format!("{layer}/attention/linear_0"), WIDTH, WIDTH));
            linears.push((format!("{layer}/attention/linear_1"), 2 * WIDTH, WIDTH));
            linears.push((format!("{layer}/attention/linear_2"), WIDTH, WIDTH));
            norms.push(format!("{layer}/attention/layer_norm"));
        }
        for (name, outputs, inputs) in linears {
            add(&format!("{name}/weight"), &[outputs, inputs]);
            add(&format!("{name}/bias"), &[outputs]);
        }
        for name in norms {
            add(&format!("{name}/gamma"), &[WIDTH]);
            add(&format!("{name}/beta"), &[WIDTH]);
        }
    }
    for raw in &mut out {
        let row = 2 * WIDTH as usize;
        if raw.name.ends_with("self_attention/linear_0/bias") {
            raw.data[row..2 * row].fill(0);
        } else if raw.name == "decoder/layer_0/attention/linear_1/bias" {
            raw.data[..row].fill(0);
        }
    }
    for part in ["encoder", "decoder"] {
        out.push(Raw { name: format!("{part}/num_heads"), shape: vec![], kind: 2, data: vec![2, 0] });
    }
    out
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u16 + 1).to_le_bytes()[..], text.as_bytes(), &[0]].concat()
}

fn file(tensors: &[Raw]) -> Vec<u8> {
    let mut out = 6u32.to_le_bytes().to_vec();
    out.extend(string("WhisperSpec"));
    out.extend(3u32.to_le_bytes());
    out.extend((tensors.len() as u32).to_le_bytes());
    for raw in tensors {
        out.extend(string(&raw.name));
        out.push(raw.shape.len() as u8);
        out.extend(raw.shape.iter().flat_map(|d| d.to_le_bytes()));
        out.push(raw.kind);
        out.extend((raw.data.len() as u32).to_le_bytes());
        out.extend(&raw.data);
    }
    out.extend(1u32.to_le_bytes());
    out.extend(string("decoder/projection/weight"));
    out.extend(string("decoder/embeddings/weight"));
    out
}

fn convert(bytes: &[u8]) -> Result<(Vec<u8>, serde_json::Value), ConvertError> {
    let mut target = Vec::new();
    let generation: Generation =
        serde_json::from_str(r#"{"suppress_ids":[1,2],"suppress_ids_begin":[220],"other":[]}"#).unwrap();
    let config = convert_weights(&mut Cursor::new(bytes), &mut target, &generation, &Cancel::new())?;
    Ok((target, config))
}

fn refused(tensors: &[Raw]) -> String {
    convert(&file(tensors)).unwrap_err().to_string()
}

#[test]
fn every_projection_gets_its_rows_and_its_name() {
    let tensors = tensors();
    let (bytes, _) = convert(&file(&tensors)).unwrap();
    let converted = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let source = |name: &str| tensors.iter().find(|t| t.name == name).unwrap();
    let data = |name: &str| converted.tensor(name).unwrap().data().to_vec();
    let square = (WIDTH * WIDTH * 2) as usize;
    let row = (WIDTH * 2) as usize;

    for part in ["encoder", "decoder"] {
        let fused = &source(&format!("{part}/layer_0/self_attention/linear_0/weight")).data;
        let bias = &source(&format!("{part}/layer_0/self_attention/linear_0/bias")).data;
        for (i, name) in ["q", "k", "v"].into_iter().enumerate() {
            let to = format!("model.{part}.layers.0.self_attn.{name}_proj");
            assert_eq!(data(&format!("{to}.weight")), fused[i * square..(i + 1) * square], "{to}");
            if name != "k" {
                assert_eq!(data(&format!("{to}.bias")), bias[i * row..(i + 1) * row], "{to}");
            }
        }
    }
    let cross = &source("decoder/layer_0/attention/linear_1/weight").data;
    assert_eq!(data("model.decoder.layers.0.encoder_attn.k_proj.weight"), cross[..square]);
    assert_eq!(data("model.decoder.layers.0.encoder_attn.v_proj.weight"), cross[square..]);
    for (from, to) in [
        ("decoder/embeddings/weight", "model.decoder.embed_tokens.weight"),
        ("decoder/position_encodings/encodings", "model.decoder.embed_positions.weight"),
        ("encoder/position_encodings/encodings", "model.encoder.embed_positions.weight"),
        ("encoder/conv1/weight", "model.encoder.conv1.weight"),
        ("encoder/layer_norm/gamma", "model.encoder.layer_norm.weight"),
        ("decoder/layer_norm/beta", "model.decoder.layer_norm.bias"),
        ("decoder/layer_0/attention/layer_norm/gamma", "model.decoder.layers.0.encoder_attn_layer_norm.weight"),
        ("decoder/layer_0/self_attention/layer_norm/beta", "model.decoder.layers.0.self_attn_layer_norm.bias"),
        ("encoder/layer_0/ffn/layer_norm/gamma", "model.encoder.layers.0.final_layer_norm.weight"),
        ("encoder/layer_0/ffn/linear_0/weight", "model.encoder.layers.0.fc1.weight"),
        ("encoder/layer_0/ffn/linear_1/bias", "model.encoder.layers.0.fc2.bias"),
        ("decoder/layer_0/attention/linear_2/weight", "model.decoder.layers.0.encoder_attn.out_proj.weight"),
    ] {
        let tensor = converted.tensor(to).unwrap();
        assert_eq!(tensor.data(), source(from).data, "{to}");
        assert_eq!(tensor.dtype(), safetensors::Dtype::F16);
        let shape: Vec<usize> = source(from).shape.iter().map(|&d| d as usize).collect();
        assert_eq!(tensor.shape(), shape, "{to}");
    }
    assert!(!converted.names().iter().any(|n| n.ends_with("k_proj.bias") || n.contains("proj_out")));
    assert_eq!(converted.names().len(), 50);
}

#[test]
fn the_configuration_is_read_off_the_weights() {
    let (_, config) = convert(&file(&tensors())).unwrap();
    for (key, value) in [
        ("num_mel_bins", 3),
        ("max_source_positions", 7),
        ("max_target_positions", 5),
        ("d_model", 4),
        ("vocab_size", 6),
        ("encoder_layers", 1),
        ("decoder_layers", 1),
        ("encoder_attention_heads", 2),
        ("decoder_attention_heads", 2),
        ("encoder_ffn_dim", 8),
        ("decoder_ffn_dim", 8),
    ] {
        assert_eq!(config[key], value, "{key}");
    }
    assert_eq!(config["suppress_tokens"], serde_json::json!([1, 2]));
    assert_eq!(config["begin_suppress_tokens"], serde_json::json!([220]));
}

#[test]
fn an_encoder_without_stored_positions_has_the_usual_number() {
    let tensors: Vec<Raw> = tensors().into_iter().filter(|t| !t.name.starts_with("encoder/position")).collect();
    let (bytes, config) = convert(&file(&tensors)).unwrap();
    assert_eq!(config["max_source_positions"], 1500);
    let converted = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert!(converted.tensor("model.encoder.embed_positions.weight").is_err());
}

#[test]
fn every_missing_tensor_is_named() {
    let all = tensors();
    for (i, gone) in all.iter().enumerate() {
        let mut some = all.clone();
        some.remove(i);
        if gone.name == "encoder/position_encodings/encodings" {
            continue;
        }
        let says = refused(&some);
        let layer = gone.name.split("/ffn").next().unwrap();
        assert!(says.contains(&gone.name) || says.contains(layer) || says.contains("alias"), "{}: {says}", gone.name);
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let change = |name: &str, change: fn(&mut Raw)| {
        let mut all = tensors();
        change(all.iter_mut().find(|t| t.name == name).unwrap());
        refused(&all)
    };
    let says = change("encoder/conv1/bias", |t| (t.shape, t.data) = (vec![3], vec![0; 6]));
    assert!(says.contains("encoder/conv1/bias") && says.contains("[4]"), "{says}");
    let says = change("encoder/conv1/weight", |t| t.shape = vec![4, 9]);
    assert!(says.contains("encoder/conv1/weight"), "{says}");
    let says = change("encoder/num_heads", |t| t.data = vec![3, 0]);
    assert!(says.contains("3 heads"), "{says}");
    let says = change("encoder/num_heads", |t| t.data = vec![0, 0]);
    assert!(says.contains("0 heads"), "{says}");
    let says = change("encoder/layer_0/ffn/linear_0/weight", |t| (t.kind, t.data) = (1, vec![0; 32]));
    assert!(says.contains("quantized"), "{says}");
    let says = change("encoder/layer_0/self_attention/linear_0/bias", |t| t.data[8] = 1);
    assert!(says.contains("bias for the key"), "{says}");
    let says = change("encoder/conv1/bias", |t| t.name = "encoder/conv2/bias".into());
    assert!(says.contains("twice"), "{says}");
    let says = change("encoder/conv1/bias", |t| t.kind = 77);
    assert!(says.contains("unknown number type 77"), "{says}");
    let says = change("encoder/conv1/bias", |t| t.shape = vec![1; 5]);
    assert!(says.contains("5 dimensions"), "{says}");
    let says = change("encoder/conv1/bias", |t| t.shape = vec![u32::MAX, u32::MAX, 4]);
    assert!(says.contains("does not fit"), "{says}");
}

#[test]
fn other_files_are_refused_for_what_they_are() {
    let good = file(&tensors());
    let mut other = good.clone();
    other[0] = 7;
    assert!(convert(&other).unwrap_err().to_string().contains("format 7"));
    let other = String::from_utf8_lossy(&good[..20]).replace("WhisperSpec", "LlamaSpec!!");
    let other = [other.as_bytes(), &good[20..]].concat();
    assert!(convert(&other).unwrap_err().to_string().contains("LlamaSpec!!"));
    let longer = [&good[..], b"more"].concat();
    assert!(convert(&longer).unwrap_err().to_string().contains("4 bytes follow"));
    assert!(convert(b"").unwrap_err().to_string().contains("ends within the version"));
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let good = file(&tensors());
    for end in 0..good.len() {
        let error = convert(&good[..end]).unwrap_err();
        assert!(matches!(error, ConvertError::Malformed(_)), "{end}: {error}");
    }
}

#[test]
fn a_wish_to_stop_is_obeyed() {
    let cancel = Cancel::new();
    cancel.cancel();
    let good = file(&tensors());
    let result = convert_weights(&mut Cursor::new(good), &mut Vec::new(), &Generation::default(), &cancel);
    assert!(matches!(result, Err(ConvertError::Cancelled)));
}

proptest! {
    /// Wrong numbers anywhere: refused or converted to a file of the right form, never a panic, and never more output
    /// than there was input (plus names).
    #[test]
    fn changed_bytes_do_no_harm(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = file(&tensors());
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok((converted, _)) = convert(&bytes) {
            prop_assert!(safetensors::SafeTensors::deserialize(&converted).is_ok());
            prop_assert!(converted.len() < 3 * bytes.len() + 16_384);
        }
    }

    #[test]
    fn noise_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(convert(&bytes).is_err());
    }

    /// A huge count or length in any aligned or unaligned field is noticed before anything is reserved for it.
    #[test]
    fn huge_numbers_do_no_harm(at in any::<prop::sample::Index>(), value in prop_oneof![Just(u32::MAX), Just(1 << 31), any::<u32>()]) {
        let mut bytes = file(&tensors());
        let at = at.index(bytes.len() - 4);
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let _ = convert(&bytes);
    }
}
