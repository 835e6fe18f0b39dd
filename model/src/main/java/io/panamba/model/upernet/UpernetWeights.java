package io.panamba.model.upernet;

import io.panamba.model.architecture.FeatureMap;
import io.panamba.model.dense.Backbones;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Draw;
import io.panamba.model.weights.Form;
import io.panamba.model.weights.Weight;
import io.panamba.model.weights.WeightList;
import java.util.ArrayList;
import java.util.List;

/**
 * The weights of a UperNet, under the keys of mmsegmentation's, whose batch norms are folded into
 * the convolutions before them.
 *
 * @param list all of them, those of the backbone first
 * @param pooled of the maps of the pyramid pooling module, 1 x 1
 * @param bottleneck of what is pooled and the last map side by side, 3 x 3
 * @param laterals of all maps but the last, 1 x 1
 * @param outs likewise, 3 x 3
 * @param fusion of all maps side by side, 3 x 3
 * @param classes the last layer, 1 x 1
 * @param auxiliary of the third map, 3 x 3, for training alone; or null
 * @param auxiliaryClasses its last layer, or null
 */
record UpernetWeights(
    List<Weight> list,
    List<Affine> pooled,
    Affine bottleneck,
    List<Affine> laterals,
    List<Affine> outs,
    Affine fusion,
    Affine classes,
    Affine auxiliary,
    Affine auxiliaryClasses) {
  /** The deviation of last layers before training. */
  private static final Draw CLASSES = Draw.normal(0.01);

  /** The map that the auxiliary head reads. */
  static final int AUXILIARY_MAP = 2;

  static UpernetWeights of(UpernetConfig config) {
    WeightList list = new WeightList();
    List<FeatureMap> maps = config.backbone().maps();
    int channels = config.channels();
    List<Affine> pooled = new ArrayList<>();
    int last = maps.getLast().channels();
    for (int i = 0; i < UpernetNetwork.POOLED_SIDES.size(); i++) {
      pooled.add(conv(list, UpernetKeys.POOLED + i + ".1.conv", Form.MATRIX, channels, last, 1));
    }
    int wide = last + pooled.size() * channels;
    Affine bottleneck = conv(list, UpernetKeys.BOTTLENECK, Form.TAPS, channels, wide, 3);
    List<Affine> laterals = new ArrayList<>();
    List<Affine> outs = new ArrayList<>();
    for (int i = 0; i + 1 < maps.size(); i++) {
      int inputs = maps.get(i).channels();
      String key = UpernetKeys.LATERALS + i + ".conv";
      laterals.add(conv(list, key, Form.MATRIX, channels, inputs, 1));
    }
    for (int i = 0; i + 1 < maps.size(); i++) {
      outs.add(conv(list, UpernetKeys.OUTS + i + ".conv", Form.TAPS, channels, channels, 3));
    }
    Form split = Form.SplitTaps.of(Backbones.MAPS, channels);
    int all = Backbones.MAPS * channels;
    Affine fusion = conv(list, UpernetKeys.FUSION, split, channels, all, 3);
    Affine classes = classes(list, UpernetKeys.CLASSES, config.classes(), channels);
    Affine auxiliary = null;
    Affine auxiliaryClasses = null;
    if (config.auxiliary() > 0) {
      int inputs = maps.get(AUXILIARY_MAP).channels();
      auxiliary = conv(list, UpernetKeys.AUXILIARY, Form.TAPS, config.auxiliary(), inputs, 3);
      auxiliaryClasses =
          classes(list, UpernetKeys.AUXILIARY_CLASSES, config.classes(), config.auxiliary());
    }
    List<Weight> weights = new ArrayList<>(config.backbone().weights());
    weights.addAll(list.toList());
    return new UpernetWeights(
        List.copyOf(weights),
        pooled,
        bottleneck,
        laterals,
        outs,
        fusion,
        classes,
        auxiliary,
        auxiliaryClasses);
  }

  /** Drawn as He et al. (arXiv 1502.01852) do, by the outputs that an input reaches. */
  private static Affine conv(
      WeightList list, String key, Form form, int outputs, int inputs, int side) {
    Draw draw = Draw.normal(Math.sqrt(2.0 / ((double) outputs * side * side)));
    return list.layer(key, form, Form.PLAIN, draw, outputs, inputs, side, side);
  }

  private static Affine classes(WeightList list, String key, int classes, int inputs) {
    return list.layer(key, Form.EXACT, Form.PLAIN, CLASSES, classes, inputs, 1, 1);
  }
}
