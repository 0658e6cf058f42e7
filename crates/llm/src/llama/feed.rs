//! The second half of a layer: each token for itself.

use super::family::Gating;
use super::scratch::Scratch;
use super::weights::Layer;
use super::{Llama, add_to_stream, address, each_token, foresee, normalize, products};
use crate::kernels::{self, Rounding};
use crate::team::Parts;
use jarvis_core::Cancel;

impl Llama {
    /// `stream += down(bend(gate(norm(stream))) * up(norm(stream)))` for `count` tokens.
    pub(super) fn feed_forward(&mut self, layer: usize, count: usize, rounding: Rounding, cancel: &Cancel) {
        let Self { config, weights, kernel, team, scratch, .. } = self;
        let (config, kernel, all) = (&*config, *kernel, &*weights);
        let weights = &all.layers[layer];
        let (width, inner) = (config.width, config.feed_forward);
        let Scratch { stream, normed, gate, up, delta, activations, .. } = scratch;
        let stream = &mut stream[..count * width];
        normalize(team, (kernel, config), stream, &weights.feed_norm, normed, (&mut *activations, rounding));
        let (gate, up) = (&mut gate[..count * inner], &mut up[..count * inner]);
        let matrices = [(&weights.gate, &mut *gate), (&weights.up, &mut *up)];
        foresee(team, count, &[&weights.down]);
        let threads = team.threads();
        let next = |thread| address(&[&weights.down], (thread, threads));
        products(team, kernel, activations, matrices, next, cancel);
        let rows = activations.reshape(count, inner, rounding);
        let gate = Parts::new(gate);
        each_token(team, count, &|_, token| {
            // SAFETY: each token has its own part and is written once.
            unsafe {
                let (gate, up) = (gate.part(token * inner, inner), &up[token * inner..][..inner]);
                match config.gating() {
                    Gating::Silu => kernels::gate(kernel, gate, up),
                    Gating::Gelu => kernels::gelu_gate(kernel, gate, up),
                }
                rows.write(kernel, token, gate);
            }
        });
        let delta = &mut delta[..count * width];
        let (layer, output) = (all.layers.get(layer + 1).map(Layer::first_matrices), [all.output.first_matrix()]);
        let next = layer.as_ref().map_or(&output[..], |layer| &layer[..]);
        foresee(team, count, next);
        let next = |thread| address(next, (thread, threads));
        products(team, kernel, activations, [(&weights.down, &mut *delta)], next, cancel);
        add_to_stream(team, (kernel, config), (stream, delta), None, weights.feed_sum_norm.as_deref(), normed);
    }
}
