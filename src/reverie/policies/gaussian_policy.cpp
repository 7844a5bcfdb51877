#include <reverie/policies/gaussian_policy.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/nn/kernels/mlp_block.h>

#include <torch/script.h>

#include <cmath>
#include <numbers>
#include <sstream>
#include <stdexcept>

namespace reverie {

Tensor Gaussian::log_prob(const Tensor& action) const {
  const Tensor z = (action - mean) * torch::exp(-log_std);
  const Tensor log_density = -0.5 * z.square() - log_std;
  const double constant = 0.5 * std::log(2.0 * std::numbers::pi) * mean.size(-1);
  return log_density.sum(-1) - constant;
}

Tensor Gaussian::sample(RandomStream& random) const {
  const Tensor noise = random.normal(mean.sizes()).to(mean.options());
  return mean + torch::exp(log_std) * noise;
}

Tensor kl_divergence(const Gaussian& p, const Gaussian& q) {
  const Tensor narrowing = q.log_std - p.log_std;
  const Tensor shift = (p.mean - q.mean) * torch::exp(-q.log_std);
  // expm1 keeps the difference of nearly equal spreads, and gives equal ones exactly 0.
  return (narrowing + 0.5 * (torch::expm1(-2 * narrowing) + shift.square())).sum(-1);
}

namespace {

/// Whether a call can do without libtorch: floats on the CPU, and nobody differentiates.
bool plain(const Tensor& parameters, const Tensor& observation) {
  const auto simple = [](const Tensor& tensor) {
    return kernels::serve(tensor) && !(tensor.requires_grad() && torch::GradMode::is_enabled());
  };
  return simple(parameters) && simple(observation);
}

/// The means at `observation`, by tasks where `parameters` has a row for each.
Tensor plain_mean(const std::vector<int64_t>& sizes, const Tensor& parameters,
                  const Tensor& observation) {
  const Tensor theta = parameters.contiguous(), input = observation.contiguous();
  std::vector<int64_t> shape = input.sizes().vec();
  shape.back() = sizes.back();
  Tensor mean = torch::empty(shape);
  const bool per_task = theta.dim() == 2;
  const int64_t tasks = per_task ? theta.size(0) : 1;
  const int64_t rows = input.numel() / (tasks * sizes.front());
  // Rows of one worker's task: waking the workers costs more than a few rows do.
  constexpr int64_t unit_rows = 256;
  const int64_t units = (rows + unit_rows - 1) / unit_rows;
  const auto unit = [&](int64_t index) {
    const int64_t task = index / units, first = index % units * unit_rows;
    const int64_t row = task * rows + first;
    const int64_t count = std::min(unit_rows, rows - first);
    MlpBlock mlp(sizes, count);
    std::copy_n(mlp.forward(theta.data_ptr<float>() + (per_task ? task * theta.size(1) : 0),
                            input.data_ptr<float>() + row * sizes.front(), count),
                count * sizes.back(), mean.data_ptr<float>() + row * sizes.back());
  };
  if (tasks * rows > 2 * unit_rows) {
    parallel_for(tasks * units, unit);
  } else {
    for (int64_t index = 0; index < tasks * units; ++index) unit(index);
  }
  return mean;
}

}  // namespace

std::vector<std::string> setting_names(WeightInit) {
  return {"xavier", "normc"};
}

GaussianPolicy::GaussianPolicy(int64_t observation_size, int64_t action_size,
                               const PolicyConfig& config, RandomStream& random)
    : min_log_std_(std::log(config.min_std)) {
  sizes_.push_back(observation_size);
  sizes_.insert(sizes_.end(), config.hidden.begin(), config.hidden.end());
  sizes_.push_back(action_size);
  std::vector<Tensor> parts;
  for (size_t l = 1; l < sizes_.size(); ++l) {
    const int64_t in = sizes_[l - 1], out = sizes_[l];
    const double scale = l + 1 == sizes_.size() ? config.output_scale : 1.0;
    if (config.init == WeightInit::normc) {
      const Tensor drawn = random.normal({out, in});
      parts.push_back((scale * drawn / drawn.norm(2, 1, /*keepdim=*/true)).flatten());
    } else {
      const double limit = std::sqrt(6.0 / static_cast<double>(in + out)) * scale;
      parts.push_back(random.uniform({out * in}, -limit, limit));
    }
    parts.push_back(torch::zeros({out}));
  }
  parts.push_back(torch::full({action_size}, std::log(config.init_std)));
  parameters_ = torch::cat(parts);
}

int64_t GaussianPolicy::parameter_count() const {
  int64_t count = action_size();
  for (size_t l = 1; l < sizes_.size(); ++l) count += (sizes_[l - 1] + 1) * sizes_[l];
  return count;
}

std::vector<int64_t> GaussianPolicy::variables() const {
  std::vector<int64_t> lengths;
  for (size_t l = 1; l < sizes_.size(); ++l) {
    lengths.push_back(sizes_[l - 1] * sizes_[l]);
    lengths.push_back(sizes_[l]);
  }
  lengths.push_back(action_size());  // the log standard deviations
  return lengths;
}

void GaussianPolicy::set_parameters(const Tensor& parameters) {
  require_shape(parameters, {parameter_count()}, "the policy's parameters");
  require_finite(parameters, "the policy's parameters");
  parameters_ = parameters.detach().to(parameters_.options()).clone();
}

Gaussian GaussianPolicy::distribution(const Tensor& parameters, const Tensor& observation) const {
  const bool per_task = parameters.dim() == 2;
  if (parameters.size(-1) != parameter_count() || observation.size(-1) != sizes_.front() ||
      (per_task && (observation.dim() != 3 || observation.size(0) != parameters.size(0))))
    throw std::invalid_argument("the policy's parameters or observations have another shape");
  if (plain(parameters, observation)) {
    const Tensor log_std = parameters.narrow(-1, parameter_count() - action_size(), action_size())
                               .clamp_min(min_log_std_);
    return {plain_mean(sizes_, parameters, observation), per_task ? log_std.unsqueeze(1) : log_std};
  }
  int64_t at = 0;
  const auto take = [&](int64_t count) {
    at += count;
    return parameters.narrow(-1, at - count, count);
  };
  Tensor h = observation;
  for (size_t l = 1; l < sizes_.size(); ++l) {
    const int64_t in = sizes_[l - 1], out = sizes_[l];
    const Tensor weight = take(out * in), bias = take(out);
    if (per_task) {
      const Tensor transposed = weight.view({-1, out, in}).transpose(1, 2);
      h = torch::baddbmm(bias.unsqueeze(1), h, transposed);
    } else {
      h = torch::linear(h, weight.view({out, in}), bias);
    }
    if (l + 1 < sizes_.size()) h = torch::tanh(h);
  }
  const Tensor log_std = take(action_size()).clamp_min(min_log_std_);
  return {h, per_task ? log_std.unsqueeze(1) : log_std};
}

Tensor GaussianPolicy::act(const Tensor& parameters, const Tensor& observation,
                           const Tensor& noise) const {
  const Gaussian actions = distribution(parameters, observation);
  return noise.defined() ? actions.mean + torch::exp(actions.log_std) * noise.to(actions.mean)
                         : actions.mean;
}

void GaussianPolicy::absorb_input_normalisation(const Tensor& mean, const Tensor& std) {
  const int64_t in = sizes_[0], out = sizes_[1];
  require_shape(mean, {in}, "the observations' mean");
  require_shape(std, {in}, "the observations' standard deviation");
  torch::NoGradGuard no_grad;
  Tensor parameters = parameters_.clone();
  Tensor weight = parameters.narrow(0, 0, out * in).view({out, in});
  Tensor bias = parameters.narrow(0, out * in, out);
  weight.div_(std.to(weight.options()));
  bias.sub_(torch::mv(weight, mean.to(weight.options())));
  set_parameters(parameters);
}

std::string GaussianPolicy::torchscript(const TaskSpec& task) const {
  // The qualified name is what Python's loader expects of a class.
  torch::jit::Module module("__torch__.ReveriePolicy");
  const Tensor flat = parameters_.detach().to(torch::kCPU);
  std::string body;
  int64_t at = 0;
  for (size_t l = 1; l < sizes_.size(); ++l) {
    const int64_t in = sizes_[l - 1], out = sizes_[l];
    const std::string weight = fmt::format("weight_{}", l), bias = fmt::format("bias_{}", l);
    module.register_parameter(weight, flat.narrow(0, at, out * in).view({out, in}).clone(), false);
    module.register_parameter(bias, flat.narrow(0, at + out * in, out).clone(), false);
    at += (in + 1) * out;
    body += fmt::format("    h = torch.matmul(h, self.{}.t()) + self.{}\n", weight, bias);
    if (l + 1 < sizes_.size()) body += "    h = torch.tanh(h)\n";
  }
  const Tensor log_std = flat.narrow(0, at, action_size()).clamp_min(min_log_std_);
  module.register_parameter("log_std", log_std, false);
  const Tensor low = torch::tensor(task.control_low(), torch::kFloat64);
  const Tensor high = torch::tensor(task.control_high(), torch::kFloat64);
  require_shape(low, {action_size()}, "the range of the task's actions");
  const auto keep = [&](const char* name, const Tensor& numbers) {
    module.register_buffer(name, numbers.to(torch::kFloat32));
  };
  keep("action_low", low);
  keep("action_high", high);
  std::string in_units = "action";
  if (task.normalises_actions()) {
    keep("action_middle", (low + high) / 2);
    keep("action_half_range", (high - low) / 2);
    in_units = "self.action_middle + self.action_half_range * action";
  }
  module.define("def mean(self, obs):\n    h = obs.to(self.log_std.dtype)\n" + body +
                "    return h\n");
  module.define("def in_units(self, action):\n    return torch.max(torch.min(" + in_units +
                ", self.action_high), self.action_low)\n");
  module.define("def forward(self, obs):\n    return self.in_units(self.mean(obs))\n");
  module.define(
      "def sample(self, obs):\n"
      "    mean = self.mean(obs)\n"
      "    return self.in_units(mean + torch.exp(self.log_std) * torch.randn_like(mean))\n");
  std::ostringstream out;
  module.save(out);
  return out.str();
}

void GaussianPolicy::serialize(Archive& archive) {
  auto sizes = sizes_;
  archive("sizes", sizes);
  if (sizes != sizes_)
    throw Error(fmt::format("the saved policy has layers of [{}], the settings say [{}]",
                            fmt::join(sizes, ", "), fmt::join(sizes_, ", ")));
  archive("min_log_std", min_log_std_);
  archive("parameters", parameters_);
}

void reset_std(GaussianPolicy& policy, double std) {
  Tensor parameters = policy.parameters().clone();
  parameters.slice(0, -policy.action_size()).fill_(std::log(std));
  policy.set_parameters(parameters);
}

double mean_std(const GaussianPolicy& policy) {
  const auto log_std =
      policy.parameters().slice(0, -policy.action_size()).clamp_min(policy.min_log_std());
  return log_std.exp().mean().item<double>();
}

}  // namespace reverie
