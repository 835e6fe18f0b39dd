package io.panamba.tests.kit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests of native code, which the build runs once per instruction-set tier, each in a process of
 * its own with {@code -Dpanamba.tier}. Skipped where the machine lacks the tier.
 */
@Tag(OnEveryTier.TAG)
@ExtendWith(TierExtension.class)
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface OnEveryTier {
  /** The tag by which the build selects these tests. */
  String TAG = "tier";
}
