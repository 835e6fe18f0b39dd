/** What heads of dense tasks have in common. Until version 1 these types may change. */
package io.panamba.model.dense;
