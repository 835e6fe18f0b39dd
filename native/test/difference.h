/* Gradients against differences of what they are gradients of. */
#ifndef PANAMBA_TEST_DIFFERENCE_H
#define PANAMBA_TEST_DIFFERENCE_H

/*
 * Moves *number both ways, and checks that `gradient` is the slope of `loss`, computed in double precision from `args`,
 * times `chain`: the derivative of the number by what the gradient is of.
 */
void check_difference(const char *what, double (*loss)(const void *args), const void *args, const float *number,
                      double chain, double gradient);

#endif
