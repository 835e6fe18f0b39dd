/**
 * What a family of networks says of itself, so that everything else can be done for all families
 * alike. Until version 1 these types may change.
 */
package io.panamba.model.architecture;
