/** From pictures to answers: classes and feature vectors. */
package io.panamba.model.task;
