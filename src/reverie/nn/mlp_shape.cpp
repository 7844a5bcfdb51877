#include <reverie/nn/mlp_shape.h>

#include <algorithm>

namespace reverie {

std::vector<std::string> setting_names(Activation) {
  return {"relu", "tanh", "swish"};
}

int64_t MlpShape::widest() const {
  return *std::max_element(sizes.begin(), sizes.end());
}

int64_t MlpShape::effective_count() const {
  int64_t count = 0;
  for (int64_t l = 0; l < layers(); ++l) count += (sizes[l] + 1) * stride(l);
  return count;
}

int64_t MlpShape::parameter_count() const {
  int64_t count = 0;
  for (int64_t l = 0; l < layers(); ++l)
    count += (sizes[l] + (weight_normalisation ? 2 : 1)) * sizes[l + 1];
  return count;
}

MlpShape value_shape(int64_t inputs, const std::vector<int64_t>& hidden) {
  MlpShape shape;
  shape.sizes = hidden;
  shape.sizes.insert(shape.sizes.begin(), inputs);
  shape.sizes.push_back(1);
  shape.activation = Activation::tanh;
  return shape;
}

}  // namespace reverie
