/* The product of two activations, by the kernel that finishes matrix products. */
#include "run.h"

int32_t panamba_launch_gate(const panamba_gate_args *args, void *workspace, void *stream) {
  panamba_cuda_epilogue_args epilogue = {};
  epilogue.input = args->x;
  epilogue.gate = args->gate;
  epilogue.out = args->out;
  epilogue.rows = args->rows;
  epilogue.columns = args->columns;
  epilogue.input_row_stride = args->x_row_stride;
  epilogue.gate_row_stride = args->gate_row_stride;
  epilogue.out_row_stride = args->out_row_stride;
  epilogue.input_dtype = args->dtype;
  epilogue.out_dtype = args->dtype;
  return panamba_launch_epilogue(&epilogue, workspace, stream);
}
