package io.panamba.tests.replay;

import io.panamba.bindings.panamba_attention_args;
import io.panamba.bindings.panamba_causal_conv_args;
import io.panamba.bindings.panamba_conv2d_args;
import io.panamba.bindings.panamba_convert_args;
import io.panamba.bindings.panamba_cross_scan_args;
import io.panamba.bindings.panamba_depthwise_args;
import io.panamba.bindings.panamba_gate_args;
import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_linear_args;
import io.panamba.bindings.panamba_norm_args;
import io.panamba.bindings.panamba_patch_embedding_args;
import io.panamba.bindings.panamba_patch_merging_args;
import io.panamba.bindings.panamba_pool_args;
import io.panamba.bindings.panamba_resize_args;
import io.panamba.bindings.panamba_roi_align_args;
import io.panamba.bindings.panamba_rotary_args;
import io.panamba.bindings.panamba_selective_scan_args;
import io.panamba.bindings.panamba_sum_args;
import io.panamba.bindings.panamba_window_pool_args;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Where the structs of operations of networks have pointers, by the codes of operations. */
final class StructLayouts {
  /**
   * What is known of a struct.
   *
   * @param bytes its size
   * @param pointers the offsets of its pointers
   */
  record Fields(long bytes, List<Long> pointers) {}

  private static final Map<Integer, Fields> ALL = new TreeMap<>();

  static {
    put(panamba_h.PANAMBA_PATCH_EMBEDDING(), panamba_patch_embedding_args.layout());
    put(panamba_h.PANAMBA_NORM(), panamba_norm_args.layout());
    put(panamba_h.PANAMBA_LINEAR(), panamba_linear_args.layout());
    put(panamba_h.PANAMBA_CAUSAL_CONV(), panamba_causal_conv_args.layout());
    put(panamba_h.PANAMBA_SELECTIVE_SCAN(), panamba_selective_scan_args.layout());
    put(panamba_h.PANAMBA_ROTARY(), panamba_rotary_args.layout());
    put(panamba_h.PANAMBA_POOL(), panamba_pool_args.layout());
    put(panamba_h.PANAMBA_SUM(), panamba_sum_args.layout());
    put(panamba_h.PANAMBA_ATTENTION(), panamba_attention_args.layout());
    put(panamba_h.PANAMBA_CONV2D(), panamba_conv2d_args.layout());
    put(panamba_h.PANAMBA_DEPTHWISE(), panamba_depthwise_args.layout());
    put(panamba_h.PANAMBA_GATE(), panamba_gate_args.layout());
    put(panamba_h.PANAMBA_PATCH_MERGING(), panamba_patch_merging_args.layout());
    put(panamba_h.PANAMBA_CONVERT(), panamba_convert_args.layout());
    put(panamba_h.PANAMBA_CROSS_SCAN(), panamba_cross_scan_args.layout());
    put(panamba_h.PANAMBA_RESIZE(), panamba_resize_args.layout());
    put(panamba_h.PANAMBA_WINDOW_POOL(), panamba_window_pool_args.layout());
    put(panamba_h.PANAMBA_ROI_ALIGN(), panamba_roi_align_args.layout());
  }

  private StructLayouts() {}

  /** The operations that there are. */
  static List<Integer> operations() {
    return List.copyOf(ALL.keySet());
  }

  static Fields of(int operation) {
    Fields fields = ALL.get(operation);
    if (fields == null) {
      throw new AssertionError("the struct of operation %d is not known".formatted(operation));
    }
    return fields;
  }

  private static void put(int operation, GroupLayout layout) {
    List<Long> pointers = new ArrayList<>();
    collect(layout, 0, pointers);
    ALL.put(operation, new Fields(layout.byteSize(), List.copyOf(pointers)));
  }

  private static void collect(MemoryLayout layout, long offset, List<Long> pointers) {
    switch (layout) {
      case AddressLayout _ -> pointers.add(offset);
      case GroupLayout group -> {
        long place = offset;
        for (MemoryLayout member : group.memberLayouts()) {
          collect(member, place, pointers);
          place += member.byteSize();
        }
      }
      case SequenceLayout sequence -> {
        for (long i = 0; i < sequence.elementCount(); i++) {
          collect(
              sequence.elementLayout(), offset + i * sequence.elementLayout().byteSize(), pointers);
        }
      }
      case ValueLayout _ -> {
        // A number.
      }
      default -> throw new AssertionError("a struct has padding: " + layout);
    }
  }
}
