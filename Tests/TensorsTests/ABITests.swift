// What a plugin is compiled against: the sizes of the calls, which the version number stands for.

import CKernels
import Tensors
import Testing

@Suite struct ABITests {
  /// Sizes as g++ has them too.
  ///
  /// Where one changes, RUNEXP_KERNELS_ABI must be raised, or plugins that were
  /// built before would read other fields than they are handed.
  @Test func `calls have the sizes of ABI version 10`() {
    #expect(RUNEXP_KERNELS_ABI == 10)
    let sizes: [(name: String, size: Int, expected: Int)] = [
      ("gemm", MemoryLayout<CKernels.gemm>.size, 152),
      ("gemm_pack", MemoryLayout<CKernels.gemm_pack>.size, 160),
      ("gemm_group", MemoryLayout<CKernels.gemm_group>.size, 624),
      ("column_sum", MemoryLayout<CKernels.column_sum>.size, 56),
      ("embedding_forward", MemoryLayout<CKernels.embedding_forward>.size, 56),
      ("embedding_backward", MemoryLayout<CKernels.embedding_backward>.size, 72),
      ("add_rows_forward", MemoryLayout<CKernels.add_rows_forward>.size, 56),
      ("add_rows_backward", MemoryLayout<CKernels.add_rows_backward>.size, 56),
      ("rms_norm_forward", MemoryLayout<CKernels.rms_norm_forward>.size, 56),
      ("rms_norm_backward", MemoryLayout<CKernels.rms_norm_backward>.size, 96),
      ("layer_norm_forward", MemoryLayout<CKernels.layer_norm_forward>.size, 72),
      ("layer_norm_backward", MemoryLayout<CKernels.layer_norm_backward>.size, 120),
      ("rope", MemoryLayout<CKernels.rope>.size, 88),
      ("cache_append", MemoryLayout<CKernels.cache_append>.size, 112),
      ("add", MemoryLayout<CKernels.add>.size, 40),
      ("accumulate", MemoryLayout<CKernels.accumulate>.size, 40),
      ("convert", MemoryLayout<CKernels.convert>.size, 32),
      ("scale", MemoryLayout<CKernels.scale>.size, 40),
      ("softcap_forward", MemoryLayout<CKernels.softcap_forward>.size, 32),
      ("softcap_backward", MemoryLayout<CKernels.softcap_backward>.size, 48),
      ("dropout", MemoryLayout<CKernels.dropout>.size, 64),
      ("activation_forward", MemoryLayout<CKernels.activation_forward>.size, 32),
      ("activation_backward", MemoryLayout<CKernels.activation_backward>.size, 48),
      ("gated_forward", MemoryLayout<CKernels.gated_forward>.size, 40),
      ("gated_backward", MemoryLayout<CKernels.gated_backward>.size, 72),
      ("cross_entropy_forward", MemoryLayout<CKernels.cross_entropy_forward>.size, 64),
      ("cross_entropy_backward", MemoryLayout<CKernels.cross_entropy_backward>.size, 72),
      ("sum", MemoryLayout<CKernels.sum>.size, 32),
      ("maximum", MemoryLayout<CKernels.maximum>.size, 32),
      ("gradient_norm", MemoryLayout<CKernels.gradient_norm>.size, 32),
      ("adamw", MemoryLayout<CKernels.adamw>.size, 64),
      ("gradient", MemoryLayout<CKernels.gradient>.size, 16),
      ("row_layout", MemoryLayout<CKernels.row_layout>.size, 48),
      ("attention_mask", MemoryLayout<CKernels.attention_mask>.size, 64),
      ("attention", MemoryLayout<CKernels.attention>.size, 216),
      ("attention_forward", MemoryLayout<CKernels.attention_forward>.size, 272),
      ("attention_backward", MemoryLayout<CKernels.attention_backward>.size, 320),
      ("attention_kernel", MemoryLayout<CKernels.attention_kernel>.size, 40),
      ("step_scalars", MemoryLayout<CKernels.step_scalars>.size, 24),
      ("parameter_update", MemoryLayout<CKernels.parameter_update>.size, 48),
      ("device_options", MemoryLayout<CKernels.device_options>.size, 16),
      ("device_memory", MemoryLayout<CKernels.device_memory>.size, 16),
      ("kernels", MemoryLayout<KernelTable>.size, 592),
    ]
    for (name, size, expected) in sizes { #expect(size == expected, "struct \(name)") }
    var index: Int64 = 0
    while let name = runexp_kernel_name(index).map({ String(cString: $0) }) {
      #expect(sizes.contains { $0.name == name }, "struct \(name)")
      index += 1
    }
    #expect(index > 0)
  }
}
