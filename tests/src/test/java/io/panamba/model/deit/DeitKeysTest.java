package io.panamba.model.deit;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The names that transformers and timm have for a DeiT's tensors. */
class DeitKeysTest {
  private static Checkpoint golden(String name) {
    return Checkpoint.open(GoldenFiles.path(name + ".safetensors"));
  }

  private static void assertSame(Checkpoint actual, Checkpoint expected) {
    assertThat(actual.keys()).containsExactlyInAnyOrderElementsOf(expected.keys());
    try (Arena arena = Arena.ofConfined()) {
      for (String key : expected.keys()) {
        StoredTensor found = actual.find(key).orElseThrow();
        StoredTensor wanted = expected.find(key).orElseThrow();
        assertThat(found.dtype()).isEqualTo(wanted.dtype());
        assertThat(found.shape()).isEqualTo(wanted.shape());
        assertThat(found.strides()).isEqualTo(wanted.strides());
        assertThat(found.copy(arena).toArray(ValueLayout.JAVA_BYTE))
            .isEqualTo(wanted.copy(arena).toArray(ValueLayout.JAVA_BYTE));
      }
    }
  }

  @Test
  void aFileOfTransformersHoldsTheSameBytes() {
    try (Checkpoint transformers = golden("deit_nano_hf_names");
        Checkpoint original = golden("deit_nano")) {
      assertThat(DeitKeys.obstacle(transformers.keys())).isEmpty();
      assertSame(DeitKeys.original(transformers), original);
    }
  }

  /** What transformers calls a tensor of a distilled network, beside query, key and value. */
  private static String distilledName(String key) {
    return key.replaceFirst("^cls_token$", "deit.embeddings.cls_token")
        .replaceFirst("^dist_token$", "deit.embeddings.distillation_token")
        .replaceFirst("^pos_embed$", "deit.embeddings.position_embeddings")
        .replaceFirst("^patch_embed.proj", "deit.embeddings.patch_embeddings.projection")
        .replaceFirst("^blocks\\.", "deit.encoder.layer.")
        .replace(".norm1.", ".layernorm_before.")
        .replace(".norm2.", ".layernorm_after.")
        .replace(".attn.proj.", ".attention.output.dense.")
        .replace(".mlp.fc1.", ".intermediate.dense.")
        .replace(".mlp.fc2.", ".output.dense.")
        .replaceFirst("^norm\\.", "deit.layernorm.")
        .replaceFirst("^head\\.", "cls_classifier.")
        .replaceFirst("^head_dist\\.", "distillation_classifier.");
  }

  /** The tensors of a distilled network as transformers has them. */
  private static Map<String, Tensor> distilled(Checkpoint original) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String key : original.keys()) {
      Tensor tensor = GoldenFiles.tensor(original, key, Arena.ofAuto());
      if (key.contains(".attn.qkv.")) {
        long rows = tensor.shape().size(0) / 3;
        String[] names = {"query", "key", "value"};
        for (int i = 0; i < names.length; i++) {
          tensors.put(
              key.replace("blocks.", "deit.encoder.layer.")
                  .replace(".attn.qkv.", ".attention.attention." + names[i] + "."),
              tensor.slice(i * rows, rows));
        }
      } else {
        tensors.put(distilledName(key), tensor);
      }
    }
    return tensors;
  }

  @Test
  void distilledNetworksHaveTwoHeads() {
    try (Checkpoint original = golden("deit_nano_distilled")) {
      Map<String, Tensor> tensors = distilled(original);
      tensors.put("deit.pooler.dense.weight", Tensor.of(Arena.ofAuto(), Shape.of(1), 1));
      try (Checkpoint transformers = Checkpoint.of(tensors)) {
        Checkpoint view = DeitKeys.original(transformers);
        assertThat(view.isBeside("deit.pooler.dense.weight")).isTrue();
        assertThat(view.nameBefore("head_dist.bias")).isEqualTo("distillation_classifier.bias");
        tensors.remove("deit.pooler.dense.weight");
      }
      try (Checkpoint transformers = Checkpoint.of(tensors)) {
        assertSame(DeitKeys.original(transformers), original);
      }
    }
  }

  /** A network with a distillation token and one head, as DeiTForImageClassification has it. */
  @Test
  void oneHeadBesideADistillationToken() {
    try (Checkpoint original = golden("deit_nano_distilled")) {
      Map<String, Tensor> tensors = distilled(original);
      tensors.put("classifier.weight", tensors.remove("cls_classifier.weight"));
      tensors.put("classifier.bias", tensors.remove("cls_classifier.bias"));
      tensors.remove("distillation_classifier.weight");
      tensors.remove("distillation_classifier.bias");
      try (Checkpoint transformers = Checkpoint.of(tensors)) {
        Checkpoint view = DeitKeys.original(transformers);
        assertThat(view.keys())
            .contains(DeitKeys.HEAD, DeitKeys.DISTILLATION_TOKEN)
            .doesNotContain(DeitKeys.DISTILLATION_HEAD);
        assertThat(view.nameBefore(DeitKeys.HEAD)).isEqualTo("classifier.weight");
      }
    }
  }

  @Test
  void theLayerScaleOfTimm() {
    try (Checkpoint original = golden("deit_nano_layer_scale")) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String key : original.keys()) {
        tensors.put(
            key.replace("gamma_1", "ls1.gamma").replace("gamma_2", "ls2.gamma"),
            GoldenFiles.tensor(original, key, Arena.ofAuto()));
      }
      try (Checkpoint timm = Checkpoint.of(tensors)) {
        assertThat(timm.keys()).contains("blocks.0.ls2.gamma");
        assertSame(DeitKeys.original(timm), original);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"deit_nano", "deit_nano_distilled", "deit_nano_layer_scale"})
  void theAuthorsNamesStayAndAreKnown(String name) {
    try (Checkpoint original = golden(name)) {
      assertThat(DeitKeys.obstacle(original.keys())).isEmpty();
      assertThat(DeitKeys.original(original)).isSameAs(original);
      assertThat(original.keys()).allMatch(DeitKeys::isKnown).contains(DeitKeys.FIRST);
      for (String kind : DeitKeys.KINDS) {
        assertThat(original.keys()).contains(kind.replace("#", "0"));
      }
      assertThat(original.find(DeitKeys.PROJECTION).orElseThrow().dtype()).isEqualTo(DType.F32);
    }
  }

  /** The prefix of a class's attribute is missing where only the backbone was saved. */
  @Test
  void aBackboneAlone() {
    try (Checkpoint transformers = golden("deit_nano_hf_names")) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String key : transformers.keys()) {
        if (key.startsWith("vit.")) {
          tensors.put(
              key.substring("vit.".length()),
              GoldenFiles.tensor(transformers, key, Arena.ofAuto()));
        }
      }
      try (Checkpoint backbone = Checkpoint.of(tensors);
          Checkpoint original = golden("deit_nano")) {
        assertThat(DeitKeys.obstacle(backbone.keys())).isEmpty();
        Set<String> keys = DeitKeys.original(backbone).keys();
        assertThat(original.keys()).containsAll(keys);
        assertThat(keys).hasSize(original.keys().size() - 2);
      }
    }
  }

  @Test
  void otherNetworksAreNone() {
    try (Checkpoint vim = golden("vim_nano")) {
      assertThat(DeitKeys.obstacle(vim.keys())).contains(DeitKeys.FIRST + " is missing");
    }
  }
}
