/* Layers of the network that the training program trains, forwards and backwards. */
#ifndef PANAMBA_TEST_TRAINING_LAYERS_H
#define PANAMBA_TEST_TRAINING_LAYERS_H

#include "training_program.h"

/* convolved = conv2d(gated), gated = depthwise(normed) * normed: merged on the way, and back. */
void add_convolutions(training_program *p);

/* From convolved_gradient to normed_gradient. */
void add_convolutions_gradient(training_program *p);

/* hidden = hidden + the cross scan of gelu(attention(normed)), of the normed rows to themselves. */
void add_attention(training_program *p);

/* What goes through attention, added to normed_gradient. */
void add_attention_gradient(training_program *p);

/* scaled = scale * hidden, and an image's share of it: LayerScale and stochastic depth. */
void add_scale(training_program *p, const training_batch *b);

/* In place: hidden_gradient was that of what is scaled. */
void add_scale_gradient(training_program *p, const training_batch *b);

#endif
