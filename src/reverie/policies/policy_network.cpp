#include <reverie/policies/policy_network.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/mlp_weights.h>

#include <fmt/ranges.h>
#include <torch/script.h>

#include <sstream>

namespace reverie {
namespace {

class NetworkRows : public RowPolicy {
 public:
  NetworkRows(const MlpShape& shape, const ActionHead& head, const Tensor& parameters,
              int64_t capacity)
      : head_(head),
        parameters_(parameters.contiguous()),
        pass_(shape, capacity, kernels::Use::inference, Precision::f32) {
    for (int64_t g = 0; g < parameters_.size(0); ++g) {
      weights_.emplace_back(shape, capacity, kernels::Use::inference, Precision::f32);
      weights_.back().read(parameters_.data_ptr<float>() + g * parameters_.size(1));
    }
  }

  void act(int64_t group, const float* observation, int64_t rows, const float* noise,
           float* action) override {
    const float* output = pass_.forward(weights_[static_cast<size_t>(group)], observation, rows);
    head_.act(output, rows, noise, action, nullptr);
  }

 private:
  const ActionHead& head_;
  Tensor parameters_;  // [g, p]
  kernels::MlpPass pass_;
  std::vector<kernels::ReadyWeights> weights_;
};

}  // namespace

PolicyNetwork::PolicyNetwork(int64_t inputs, int64_t outputs, const PolicyNetworkConfig& config,
                             RandomStream& random) {
  shape_.sizes = config.hidden;
  shape_.sizes.insert(shape_.sizes.begin(), inputs);
  shape_.sizes.push_back(outputs);
  parameters_ = draw_weights(shape_, 1, random, config.output_scale)[0];
}

void PolicyNetwork::set_parameters(const Tensor& parameters) {
  require_shape(parameters, {shape_.effective_count()}, "the policy's parameters");
  require_finite(parameters, "the policy's parameters");
  parameters_ = parameters.detach().to(parameters_.options()).clone();
}

std::vector<int64_t> PolicyNetwork::variables() const {
  std::vector<int64_t> lengths;
  for (int64_t l = 0; l < shape_.layers(); ++l) {
    lengths.push_back(shape_.sizes[l] * shape_.stride(l));
    lengths.push_back(shape_.stride(l));
  }
  return lengths;
}

Tensor PolicyNetwork::forward(const Tensor& parameters, const Tensor& observation) const {
  if (parameters.size(-1) != shape_.effective_count() || observation.size(-1) != shape_.input() ||
      observation.dim() != parameters.dim() + 1)
    throw std::invalid_argument("the policy's parameters or observations have another shape");
  return mlp_forward(shape_, parameters, observation);
}

void PolicyNetwork::add_to(torch::jit::Module& module) const {
  const Tensor flat = parameters_.detach().to(torch::kCPU);
  std::string body = "def outputs(self, obs):\n    h = obs.to(self.weight_1.dtype)\n";
  int64_t at = 0;
  for (int64_t l = 0; l < shape_.layers(); ++l) {
    const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1], stride = shape_.stride(l);
    const Tensor layer =
        flat.narrow(0, at, (in + 1) * stride).view({in + 1, stride}).narrow(1, 0, out);
    at += (in + 1) * stride;
    const std::string weight = fmt::format("weight_{}", l + 1),
                      bias = fmt::format("bias_{}", l + 1);
    module.register_parameter(weight, layer.narrow(0, 0, in).contiguous(), false);
    module.register_parameter(bias, layer[in].clone(), false);
    body += fmt::format("    h = torch.matmul(h, self.{}) + self.{}\n", weight, bias);
    if (l + 1 < shape_.layers()) body += "    h = torch.relu(h)\n";
  }
  module.define(body + "    return h\n");
}

void PolicyNetwork::serialize(Archive& archive) {
  auto sizes = shape_.sizes;
  archive("sizes", sizes);
  if (sizes != shape_.sizes)
    throw Error(fmt::format("the saved policy has layers of [{}], the settings say [{}]",
                            fmt::join(sizes, ", "), fmt::join(shape_.sizes, ", ")));
  archive("parameters", parameters_);
}

std::unique_ptr<RowPolicy> network_rows(const MlpShape& shape, const ActionHead& head,
                                        const Tensor& parameters, int64_t capacity) {
  return std::make_unique<NetworkRows>(shape, head, parameters, capacity);
}

std::string squashed_torchscript(const PolicyNetwork& network, const TaskSpec& task,
                                 const std::string& mode, const std::string& draw) {
  // The qualified name is what Python's loader expects of a class.
  torch::jit::Module module("__torch__.ReveriePolicy");
  network.add_to(module);
  // Where actions are normalised, the range below is the actuators' own, to which -1..1 maps too.
  module.register_buffer("action_low",
                         torch::tensor(task.control_low(), torch::kFloat64).to(torch::kFloat32));
  module.register_buffer("action_high",
                         torch::tensor(task.control_high(), torch::kFloat64).to(torch::kFloat32));
  module.define(
      "def in_units(self, u):\n"
      "    action = (self.action_high + self.action_low) / 2 + "
      "(self.action_high - self.action_low) / 2 * u\n"
      "    return torch.max(torch.min(action, self.action_high), self.action_low)\n");
  module.define("def forward(self, obs):\n    y = self.outputs(obs)\n    return self.in_units(" +
                mode + ")\n");
  module.define("def sample(self, obs):\n    y = self.outputs(obs)\n    return self.in_units(" +
                draw + ")\n");
  std::ostringstream out;
  module.save(out);
  return out.str();
}

}  // namespace reverie
