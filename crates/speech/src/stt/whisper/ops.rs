//! The layers of Whisper, on candle's tensors: on the CPU with the kernels of [`super::kernels`], in place where that
//! saves a copy; elsewhere with candle's own operations.
//!
//! All tensors are `f32` and row-major with a row for each position: `[positions, width]`.

use super::super::SttError;
use super::kernels;
use super::weights::{ByteMatrix, Weights};
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, D, Device, InplaceOp1, InplaceOp2, Layout, Shape, Tensor,
};

/// The values of a contiguous tensor.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("this operation takes contiguous tensors")
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The values of a contiguous tensor, to be changed.
fn values_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> candle_core::Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => candle_core::bail!("this operation takes contiguous tensors of f32"),
    }
}

/// Adds a bias to each row in place; with `gelu`, and takes the activation of it.
struct AddBias {
    gelu: bool,
}

impl InplaceOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        x_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<()> {
        let x = values_mut(x, x_layout)?;
        let bias = values(bias, bias_layout)?;
        let add = if self.gelu { kernels::bias_gelu_rows } else { kernels::bias_rows };
        kernels::each_share(x, bias.len(), |rows| add(rows, bias));
        Ok(())
    }
}

/// Adds one tensor to another in place.
struct Add;

impl InplaceOp2 for Add {
    fn name(&self) -> &'static str {
        "add-in-place"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        x_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> candle_core::Result<()> {
        // One row, as long as the tensor.
        kernels::bias_rows(values_mut(x, x_layout)?, values(y, y_layout)?);
        Ok(())
    }
}

/// Softmax over the last dimension, in place.
struct Softmax {
    width: usize,
}

impl InplaceOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax-in-place"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        kernels::each_share(values_mut(x, layout)?, self.width, |rows| kernels::softmax_rows(rows, self.width));
        Ok(())
    }
}

/// The activation, in place.
struct Gelu;

impl InplaceOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu-in-place"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        kernels::gelu(values_mut(x, layout)?);
        Ok(())
    }
}

/// Layer normalization over the last dimension.
struct Normalize;

impl CustomOp3 for Normalize {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gain: &CpuStorage,
        gain_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let x = values(x, x_layout)?;
        let (gain, bias) = (values(gain, gain_layout)?, values(bias, bias_layout)?);
        let mut out = vec![0.0; x.len()];
        kernels::layer_norm_rows(x, gain, bias, &mut out);
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }
}

/// `x` plus `y`, in the place of `x`, which nobody else may look at any more.
pub(super) fn add(x: Tensor, y: &Tensor) -> candle_core::Result<Tensor> {
    if !x.device().is_cpu() {
        return x + y;
    }
    x.inplace_op2(y, &Add)?;
    Ok(x)
}

/// The activation of `x`, in its place; nobody else may look at it any more.
pub(super) fn gelu(x: Tensor) -> candle_core::Result<Tensor> {
    if !x.device().is_cpu() {
        return x.gelu_erf();
    }
    x.inplace_op1(&Gelu)?;
    Ok(x)
}

/// Softmax over the last dimension, in the place of `x`, which nobody else may look at any more.
pub(super) fn softmax(x: Tensor) -> candle_core::Result<Tensor> {
    if !x.device().is_cpu() {
        return candle_nn::ops::softmax_last_dim(&x);
    }
    x.inplace_op1(&Softmax { width: x.dim(D::Minus1)? })?;
    Ok(x)
}

/// Layer normalization.
#[derive(Debug)]
pub(super) struct LayerNorm {
    gain: Tensor,
    bias: Tensor,
}

impl LayerNorm {
    pub(super) fn load(weights: &Weights, name: &str, width: usize, device: &Device) -> Result<Self, SttError> {
        Ok(Self {
            gain: weights.tensor(&format!("{name}.weight"), &[width], device)?,
            bias: weights.tensor(&format!("{name}.bias"), &[width], device)?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        if !x.device().is_cpu() {
            return candle_nn::ops::layer_norm(x, &self.gain, &self.bias, 1e-5);
        }
        x.apply_op3_no_bwd(&self.gain, &self.bias, &Normalize)
    }
}

/// `x Wᵀ + b` for many rows: a packed matrix product with weights in `f32`.
#[derive(Debug)]
pub(super) struct Dense {
    /// `[inputs, outputs]`, a view of the file's `[outputs, inputs]`.
    weight: Tensor,
    bias: Tensor,
}

impl Dense {
    /// From weights `[outputs, inputs]` and a bias `[outputs]`.
    pub(super) fn new(weight: Vec<f32>, bias: Vec<f32>, device: &Device) -> Result<Self, SttError> {
        let outputs = bias.len();
        let inputs = weight.len() / outputs;
        Ok(Self {
            weight: Tensor::from_vec(weight, (outputs, inputs), device)?.t()?,
            bias: Tensor::from_vec(bias, outputs, device)?,
        })
    }

    pub(super) fn load(
        weights: &Weights,
        name: &str,
        inputs: usize,
        outputs: usize,
        device: &Device,
    ) -> Result<Self, SttError> {
        let weight = weights.values(&format!("{name}.weight"), &[outputs, inputs])?;
        Self::new(weight, weights.values(&format!("{name}.bias"), &[outputs])?, device)
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        add_bias(x.matmul(&self.weight)?, &self.bias, false)
    }

    /// [`Self::forward`] through the activation.
    pub(super) fn forward_gelu(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        add_bias(x.matmul(&self.weight)?, &self.bias, true)
    }

    /// [`Self::forward`] plus `more`, through the activation.
    pub(super) fn forward_onto_gelu(&self, x: &Tensor, more: &Tensor) -> candle_core::Result<Tensor> {
        add_bias(add(x.matmul(&self.weight)?, more)?, &self.bias, true)
    }
}

/// `x` plus `bias` on each row, then the activation if `gelu`, in the place of `x`.
fn add_bias(x: Tensor, bias: &Tensor, gelu: bool) -> candle_core::Result<Tensor> {
    if !x.device().is_cpu() {
        let x = x.broadcast_add(bias)?;
        return if gelu { x.gelu_erf() } else { Ok(x) };
    }
    x.inplace_op2(bias, &AddBias { gelu })?;
    Ok(x)
}

/// A part of the rows of a [`Narrow`]: a matrix of the file.
pub(super) struct Part<'a> {
    /// Its name, without `.weight`.
    pub(super) name: &'a str,
    /// What it is multiplied by, and its bias with it.
    pub(super) gain: f32,
    /// Whether it has a bias.
    pub(super) bias: bool,
}

impl<'a> Part<'a> {
    /// A matrix with a bias, as it is.
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, gain: 1.0, bias: true }
    }
}

/// `x Wᵀ + b` for few rows, bound by reading the weights: on the CPU they have 8 bits.
#[derive(Debug)]
pub(super) enum Narrow {
    /// On the CPU.
    Bytes { weight: ByteMatrix, bias: Vec<f32> },
    /// On another device: weights `[inputs, outputs]`.
    Wide { weight: Tensor, bias: Tensor },
}

impl Narrow {
    /// The matrices of `parts`, `inputs` to `outputs` each, one below the other.
    pub(super) fn load(
        weights: &Weights,
        parts: &[Part<'_>],
        inputs: usize,
        outputs: usize,
        device: &Device,
    ) -> Result<Self, SttError> {
        let mut bias = Vec::with_capacity(parts.len() * outputs);
        for part in parts {
            if part.bias {
                let values = weights.values(&format!("{}.bias", part.name), &[outputs])?;
                bias.extend(values.into_iter().map(|value| value * part.gain));
            } else {
                bias.resize(bias.len() + outputs, 0.0);
            }
        }
        if device.is_cpu() {
            let mut weight = ByteMatrix::default();
            for part in parts {
                weights.append_bytes(&format!("{}.weight", part.name), (outputs, inputs), part.gain, &mut weight)?;
            }
            return Ok(Self::Bytes { weight, bias });
        }
        let mut values = Vec::with_capacity(parts.len() * outputs * inputs);
        for part in parts {
            let part_values = weights.values(&format!("{}.weight", part.name), &[outputs, inputs])?;
            values.extend(part_values.into_iter().map(|value| value * part.gain));
        }
        let rows = parts.len() * outputs;
        Ok(Self::Wide {
            weight: Tensor::from_vec(values, (rows, inputs), device)?.t()?,
            bias: Tensor::from_vec(bias, rows, device)?,
        })
    }

    /// `[rows, inputs]` to `[rows, outputs]`.
    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Bytes { weight, bias } => x.apply_op1_no_bwd(&ByteProduct { weight, bias }),
            Self::Wide { weight, bias } => x.matmul(weight)?.broadcast_add(bias),
        }
    }

    /// As [`Self::forward`], row after row into `out`.
    pub(super) fn forward_into(&self, x: &Tensor, out: &mut Vec<f32>) -> candle_core::Result<()> {
        out.clear();
        if let Self::Bytes { weight, bias } = self {
            let (storage, layout) = x.storage_and_layout();
            let candle_core::Storage::Cpu(storage) = &*storage else {
                candle_core::bail!("the weights are on the processor, and what they are for is not")
            };
            out.resize(x.dim(0)? * weight.rows(), 0.0);
            kernels::byte_product(values(storage, layout)?, weight.all(), Some(bias), out);
            return Ok(());
        }
        out.extend(self.forward(x)?.flatten_all()?.to_vec1::<f32>()?);
        Ok(())
    }

    /// The rows of the weights at `indices`, `[indices, inputs]`: an embedding, where input and output share weights.
    pub(super) fn rows(&self, indices: &[u32]) -> candle_core::Result<Tensor> {
        match self {
            Self::Bytes { weight, .. } => {
                let values = indices.iter().flat_map(|i| weight.row(*i as usize)).collect();
                Tensor::from_vec::<_, f32>(values, (indices.len(), weight.columns()), &Device::Cpu)
            }
            Self::Wide { weight, .. } => weight.t()?.index_select(&Tensor::new(indices, weight.device())?, 0),
        }
    }
}

/// The product with 8-bit weights.
struct ByteProduct<'a> {
    weight: &'a ByteMatrix,
    bias: &'a [f32],
}

impl CustomOp1 for ByteProduct<'_> {
    fn name(&self) -> &'static str {
        "byte-product"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (rows, inputs) = layout.shape().dims2()?;
        let (outputs, depth) = (self.weight.rows(), self.weight.columns());
        if inputs != depth {
            candle_core::bail!("{inputs} values for weights that take {depth}")
        }
        let mut out = vec![0.0; rows * outputs];
        kernels::byte_product(values(x, layout)?, self.weight.all(), Some(self.bias), &mut out);
        Ok((CpuStorage::F32(out), (rows, outputs).into()))
    }
}

/// What each row of `query` (`[rows, width]`, scaled) hears in `memory`, whose rows are a key and a value side by side
/// (`[positions, 2 width]`), with `heads` heads. With `before`, row `i` hears only the first `before + i + 1` positions.
pub(super) fn attend(
    query: &Tensor,
    memory: &Tensor,
    heads: usize,
    before: Option<usize>,
) -> candle_core::Result<Tensor> {
    if query.device().is_cpu() {
        return query.apply_op2_no_bwd(memory, &Attend { heads, before });
    }
    attend_by_products(query, memory, heads, before)
}

/// [`attend`] on any device.
fn attend_by_products(
    query: &Tensor,
    memory: &Tensor,
    heads: usize,
    before: Option<usize>,
) -> candle_core::Result<Tensor> {
    let (rows, width) = query.dims2()?;
    let positions = memory.dim(0)?;
    let split = |x: Tensor| -> candle_core::Result<Tensor> {
        x.reshape((x.dim(0)?, heads, width / heads))?.transpose(0, 1)?.contiguous()
    };
    let query = split(query.contiguous()?)?;
    let keys = split(memory.narrow(1, 0, width)?.contiguous()?)?;
    let values = split(memory.narrow(1, width, width)?.contiguous()?)?;
    let mut scores = query.matmul(&keys.transpose(1, 2)?)?;
    if let Some(before) = before.filter(|_| rows > 1) {
        let row = |i: usize| (0..positions).map(move |j| if j > before + i { f32::NEG_INFINITY } else { 0.0 });
        let mask: Vec<f32> = (0..rows).flat_map(row).collect();
        scores = scores.broadcast_add(&Tensor::from_vec(mask, (1, rows, positions), query.device())?)?;
    }
    let heard = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&values)?;
    heard.transpose(0, 1)?.reshape((rows, width))
}

/// [`attend`] on the CPU: nothing is copied, and only the rows that are heard are read.
struct Attend {
    heads: usize,
    before: Option<usize>,
}

impl CustomOp2 for Attend {
    fn name(&self) -> &'static str {
        "attend"
    }

    fn cpu_fwd(
        &self,
        query: &CpuStorage,
        query_layout: &Layout,
        memory: &CpuStorage,
        memory_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (rows, width) = query_layout.shape().dims2()?;
        let (positions, both) = memory_layout.shape().dims2()?;
        let heard = |row: usize| self.before.map_or(positions, |before| before + row + 1);
        if both != 2 * width || width % self.heads != 0 || heard(rows.saturating_sub(1)) > positions {
            candle_core::bail!("{rows} queries of {width} don't fit {positions} positions of {both}")
        }
        let (query, memory) = (values(query, query_layout)?, values(memory, memory_layout)?);
        let mut out = vec![0.0; rows * width];
        let mut scores = vec![0.0; positions];
        for (row, (query, out)) in query.chunks_exact(width).zip(out.chunks_exact_mut(width)).enumerate() {
            let scores = &mut scores[..heard(row)];
            kernels::attend(query, memory, &memory[width..], both, self.heads, scores, out);
        }
        Ok((CpuStorage::F32(out), (rows, width).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_is_the_same_by_products() {
        let device = Device::Cpu;
        let (rows, positions, width) = (3, 11, 24);
        let query = Tensor::randn(0f32, 1.0, (rows, width), &device).unwrap();
        let memory = Tensor::randn(0f32, 1.0, (positions, 2 * width), &device).unwrap();
        for before in [None, Some(0), Some(positions - rows)] {
            let ours = attend(&query, &memory, 4, before).unwrap();
            let theirs = attend_by_products(&query, &memory, 4, before).unwrap();
            let apart = (ours - theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(apart < 1e-5, "{apart}");
        }
        assert!(attend(&query, &memory, 4, Some(positions)).is_err());
    }
}
