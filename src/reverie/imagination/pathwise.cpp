#include <reverie/imagination/pathwise.h>

#include <reverie/core/error.h>
#include <reverie/core/workers.h>

#include <algorithm>
#include <cmath>

namespace reverie {
namespace {

/// Rows of a block, which one thread walks.
constexpr int64_t kBlockRows = 32;
/// Blocks that are taken to be in memory together.
constexpr int64_t kMostSideBySide = 16;

bool truncates(const PathwiseOptions& options) {
  return options.truncation > 0 && options.truncation < options.horizon;
}

/// What a stretch of steps begins with: no graph reaches behind it.
struct Border {
  Tensor state;  ///< [K, n, o]
  Tensor alive;  ///< [K, n] 1 until an episode ends, then 0
};

/// A block of rows, in every member.
class Path {
 public:
  Path(const Task& task, const DynamicsModel& model, const Policy& policy,
       const PathwiseOptions& options, RandomStream random)
      : task_(task), model_(model), policy_(policy), options_(options), random_(random) {}

  PathwiseGradient run(const Tensor& parameters, const Tensor& starts, int64_t stretch) {
    std::vector<Border> borders = walk(parameters, starts, stretch);
    const double count = static_cast<double>(borders.front().alive.numel());
    PathwiseGradient result;
    result.gradient = torch::zeros_like(parameters);
    Tensor beyond;  // d(return)/d(state) at the end of a stretch
    for (auto i = static_cast<int64_t>(borders.size()); i-- > 0;) {
      const int64_t begin = i * stretch, end = std::min(begin + stretch, options_.horizon);
      const torch::AutoGradMode differentiates(true);
      const Tensor theta = parameters.detach().clone().requires_grad_();
      Border at = borders[static_cast<size_t>(i)];
      const Tensor first = at.state.clone().requires_grad_();
      at.state = first;
      Tensor returned = torch::zeros({}, starts.options());
      for (int64_t t = begin; t < end; ++t) returned = returned + step(theta, at, t);
      result.value += returned.item<double>() / count;
      Tensor objective = returned;
      if (beyond.defined()) objective = objective + (at.state * beyond).sum();
      const auto gradients = torch::autograd::grad({objective}, {theta, first});
      result.gradient += gradients[0] / count;
      const bool cut = truncates(options_) && begin % options_.truncation == 0;
      beyond = cut ? Tensor() : gradients[1];
    }
    result.episode_length = length_.item<double>() / count;
    result.undiscounted = undiscounted_.item<double>() / count;
    return result;
  }

 private:
  /// The borders of all stretches, without a graph.
  std::vector<Border> walk(const Tensor& parameters, const Tensor& starts, int64_t stretch) {
    const torch::NoGradGuard no_grad;
    const int64_t members = model_.members();
    Border at{starts.unsqueeze(0).repeat({members, 1, 1}),
              torch::ones({members, starts.size(0)}, starts.options())};
    std::vector<Border> borders;
    for (int64_t t = 0; t < options_.horizon; ++t) {
      if (t % stretch == 0) borders.push_back(at);
      length_ += at.alive.sum();
      step(parameters, at, t);
    }
    return borders;
  }

  /// Takes a step from `at`; returns the sum of its discounted rewards.
  Tensor step(const Tensor& parameters, Border& at, int64_t t) {
    const int64_t members = at.state.size(0), rows = at.state.size(1);
    const auto flat = [](const Tensor& x) { return x.flatten(0, 1); };
    const Tensor observation = flat(at.state);
    const Tensor action = policy_.act(
        parameters, observation,
        options_.mode == Mode::explore ? noise(t, rows, policy_.action_size(), members) : Tensor());
    const auto next = model_.predict(at.state, action.view({members, rows, -1}));
    const Tensor reward =
        next.reward.defined()
            ? next.reward
            : task_.reward(observation, action, flat(next.observation)).view({members, rows});
    const Tensor paid = (reward * at.alive).sum();
    if (!torch::GradMode::is_enabled()) undiscounted_ += paid;
    if (task_.terminates() || next.end.defined()) {
      const torch::NoGradGuard no_grad;
      Tensor over = torch::zeros_like(at.alive, torch::kBool);
      if (task_.terminates())
        over = task_.terminated(flat(next.observation.detach())).view({members, rows});
      if (next.end.defined()) over = over | (next.end > DynamicsModel::end_threshold);
      at.alive = at.alive * over.logical_not();
    }
    at.state = next.observation;
    return std::pow(options_.discount, static_cast<double>(t)) * paid;
  }

  /// The same in every walk of step `t`, and in every member.
  Tensor noise(int64_t t, int64_t rows, int64_t width, int64_t members) const {
    RandomStream here = random_.split(static_cast<uint64_t>(t));
    return here.normal({rows, width}, device_).repeat({members, 1});
  }

  const Task& task_;
  const DynamicsModel& model_;
  const Policy& policy_;
  const PathwiseOptions& options_;
  RandomStream random_;
  torch::Device device_ = policy_.parameters().device();
  Tensor length_ = torch::zeros({}, torch::TensorOptions(torch::kFloat64).device(device_));
  Tensor undiscounted_ = length_.clone();  // summed where no graph is made
};

/// Steps whose activations the memory holds, of all blocks that run side by side.
int64_t stretch_of(const DynamicsModel& model, int64_t rows, const PathwiseOptions& options) {
  int64_t units = 0;
  for (const int64_t size : model.ensemble().shape().sizes) units += size;
  // A hidden unit leaves what goes into its activation and what comes out of it; the state's way
  // through normalisation, clipping and reward some dozen numbers more for each of its own.
  const double step = 4.0 * static_cast<double>(rows * model.members()) *
                      static_cast<double>(2 * units + 12 * model.observation_size());
  auto steps = static_cast<int64_t>(options.memory * 1024 * 1024 * 1024 / step);
  steps = std::clamp<int64_t>(steps, 1, options.horizon);
  if (!truncates(options)) return steps;
  // Cuts fall on borders.
  steps = std::min(steps, options.truncation);
  while (options.truncation % steps != 0) --steps;
  return steps;
}

}  // namespace

void PathwiseConfig::describe(Settings& settings) {
  settings.add("stochastic", stochastic,
               "whether imagined actions have the policy's noise, which the gradient goes around; "
               "otherwise they are its means, and its standard deviation is not learned");
  settings.add("discount", discount, "discount of a step of the imagined return", between(0, 1));
  settings.add("truncation", truncation,
               "steps that a gradient flows back through; 0: the whole horizon", at_least(0));
  settings.add("memory", memory,
               "GiB that activations may take, beyond which they are computed twice",
               between(0.001, 1e4));
}

PathwiseOptions PathwiseConfig::options() const {
  PathwiseOptions options;
  options.discount = discount;
  options.mode = stochastic ? Mode::explore : Mode::exploit;
  options.truncation = truncation;
  options.memory = memory;
  return options;
}

PathwiseGradient pathwise_gradient(const Task& task, const DynamicsModel& model,
                                   const Policy& policy, const Tensor& parameters,
                                   const Tensor& starts, const PathwiseOptions& options,
                                   const RandomStream& random) {
  // A device takes all rows at once.
  const int64_t rows = starts.size(0), most = starts.is_cpu() ? kBlockRows : rows;
  const int64_t blocks = (rows + most - 1) / most;
  // As many as a machine may run side by side, not as many as this one does: the bits depend on it.
  const int64_t side_by_side = std::min<int64_t>(blocks, kMostSideBySide);
  const int64_t stretch = stretch_of(model, std::min(rows, most) * side_by_side, options);
  std::vector<PathwiseGradient> parts(static_cast<size_t>(blocks));
  std::vector<double> weights(static_cast<size_t>(blocks));
  parallel_for(blocks, [&](int64_t block) {
    const int64_t first = block * most, count = std::min(most, rows - first);
    Path path(task, model, policy, options, random.split(static_cast<uint64_t>(block)));
    const auto i = static_cast<size_t>(block);
    parts[i] = path.run(parameters, starts.narrow(0, first, count), stretch);
    weights[i] = static_cast<double>(count) / static_cast<double>(rows);
  });
  PathwiseGradient all;
  all.gradient = torch::zeros_like(parameters);
  for (size_t i = 0; i < parts.size(); ++i) {
    all.value += weights[i] * parts[i].value;
    all.gradient += weights[i] * parts[i].gradient;
    all.episode_length += weights[i] * parts[i].episode_length;
    all.undiscounted += weights[i] * parts[i].undiscounted;
  }
  require_finite(all.gradient, "the gradient of the imagined return, by backpropagation");
  return all;
}

}  // namespace reverie
