//! The layers of Whisper, on candle's tensors: on the CPU with the kernels of [`super::kernels`], in place where that
//! saves a copy; elsewhere with candle's own operations.
//!
//! All tensors are `f32` and row-major with a row for each position: `[positions, width]`.

use super::super::SttError;
use super::kernels;
use super::weights::Weights;
use candle_core::{CpuStorage, CustomOp3, D, Device, InplaceOp1, InplaceOp2, Layout, Shape, Storage, Tensor};

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

/// Lends the values of a contiguous tensor on the CPU to `with`.
pub(super) fn values_of<T>(x: &Tensor, with: impl FnOnce(&[f32]) -> T) -> candle_core::Result<T> {
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { candle_core::bail!("this operation takes tensors on the CPU") };
    Ok(with(values(storage, layout)?))
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

/// Softmax over the last dimension, in place; with a second tensor, after that was added to each row.
struct Softmax {
    width: usize,
}

impl InplaceOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax-in-place"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        kernels::each_share(values_mut(x, layout)?, self.width, |rows| {
            kernels::softmax_rows(rows, self.width, &[]);
        });
        Ok(())
    }
}

impl InplaceOp2 for Softmax {
    fn name(&self) -> &'static str {
        "weighted-softmax-in-place"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        x_layout: &Layout,
        more: &CpuStorage,
        more_layout: &Layout,
    ) -> candle_core::Result<()> {
        let more = values(more, more_layout)?;
        kernels::each_share(values_mut(x, x_layout)?, self.width, |rows| {
            kernels::softmax_rows(rows, self.width, more);
        });
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

/// Softmax over the last dimension, in the place of `x`, which nobody else may look at any more; where there is `more`, as
/// long as that dimension, it is added to each row before.
pub(super) fn softmax(x: Tensor, more: Option<&Tensor>) -> candle_core::Result<Tensor> {
    if !x.device().is_cpu() {
        return match more {
            Some(more) => candle_nn::ops::softmax_last_dim(&x.broadcast_add(more)?),
            None => candle_nn::ops::softmax_last_dim(&x),
        };
    }
    let softmax = Softmax { width: x.dim(D::Minus1)? };
    match more {
        Some(more) => x.inplace_op2(more, &softmax)?,
        None => x.inplace_op1(&softmax)?,
    }
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
