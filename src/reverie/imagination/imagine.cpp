#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/imagination/imagine.h>
#include <reverie/imagination/imagine_torch.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/mlp_block.h>

namespace reverie {
namespace {

/// Rows that advance together on one thread: enough to keep a matrix product busy, few enough to
/// spread over the cores.
constexpr int64_t kGroupRows = 20;

/// Everything a group of rows needs, shared and read only.
struct Dream {
  const Task& task;
  const DynamicsModel& model;
  const GaussianPolicy& policy;
  const Tensor& parameters;
  const Tensor& resets;
  const ImagineOptions& options;
  const RandomStream& random;
  Rollouts& rollouts;
};

/// Consecutive tasks that advance together.
struct Group {
  int64_t first_task, tasks;
};

/// Rows of one group, step by step.
class Walker {
 public:
  Walker(const Dream& dream, const Group& group, const Tensor& starts, int64_t index)
      : dream_(dream),
        group_(group),
        rows_(group.tasks * dream.rollouts.rows()),
        o_(dream.model.observation_size()),
        a_(dream.model.action_size()),
        random_(dream.random.split(static_cast<uint64_t>(index))),
        state_(starts.narrow(0, group.first_task, group.tasks).reshape({rows_, o_}).clone()),
        next_(torch::empty_like(state_)),
        action_(torch::empty({rows_, a_})),
        time_(static_cast<size_t>(rows_), 0),
        input_(static_cast<size_t>(rows_ * (o_ + a_))),
        gathered_(input_.size()),
        output_(static_cast<size_t>(rows_ * dream.model.ensemble().shape().output())),
        reward_(static_cast<size_t>(rows_)),
        member_(static_cast<size_t>(rows_)),
        policy_block_(dream.policy.sizes(), dream.rollouts.rows()),
        model_pass_(dream.model.ensemble().shape(), rows_) {
    const int64_t tasks = dream.rollouts.tasks(), members = dream.model.members();
    for (int64_t row = 0; row < rows_; ++row)
      member_[row] = (group.first_task + row / dream.rollouts.rows()) * members / tasks;
    const auto log_std = dream.parameters.narrow(1, dream.parameters.size(1) - a_, a_)
                             .clamp_min(dream.policy.min_log_std());
    std_ = log_std.exp().contiguous();
  }

  void run() {
    for (int64_t t = 0; t < dream_.options.horizon; ++t) {
      act();
      move();
      store(t);
    }
    // All of them: the last step may have begun a new episode over a bad state.
    require_finite(dream_.rollouts.next_observation.narrow(0, group_.first_task, group_.tasks),
                   fmt::format("the states imagined for task {}", group_.first_task));
  }

 private:
  void act() {
    const int64_t rows = dream_.rollouts.rows();
    float* action = action_.data_ptr<float>();
    random_.fill_normal(action, rows_ * a_);
    for (int64_t i = 0; i < group_.tasks; ++i) {
      const int64_t task = group_.first_task + i;
      const float* parameters =
          dream_.parameters.data_ptr<float>() + task * dream_.parameters.size(1);
      const float* std = std_.data_ptr<float>() + task * a_;
      const float* mean =
          policy_block_.forward(parameters, state_.data_ptr<float>() + i * rows * o_, rows);
      float* noise = action + i * rows * a_;
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t j = 0; j < a_; ++j)
          noise[row * a_ + j] = mean[row * a_ + j] + std[j] * noise[row * a_ + j];
    }
  }

  /// next = state + the change that each row's member predicts.
  void move() {
    const auto& model = dream_.model;
    write_inputs();
    if (dream_.options.propagation == Propagation::random_member)
      for (auto& member : member_) member = random_.below(model.members());
    const int64_t width = model.ensemble().shape().output();
    for (int64_t k = 0; k < model.members(); ++k) {
      // Rows of one member go through its network together; with fixed members they lie together.
      int64_t count = 0;
      for (int64_t row = 0; row < rows_; ++row)
        if (member_[row] == k)
          std::copy_n(input_.data() + row * (o_ + a_), o_ + a_,
                      gathered_.data() + (count++) * (o_ + a_));
      if (count == 0) continue;
      const auto& effective = model.ensemble().effective();
      const float* output = model_pass_.forward(effective.data_ptr<float>() + k * effective.size(1),
                                                gathered_.data(), count);
      count = 0;
      for (int64_t row = 0; row < rows_; ++row)
        if (member_[row] == k)
          std::copy_n(output + (count++) * width, width, output_.data() + row * width);
    }
    if (model.config().head == Head::gaussian) sample_outputs();
    const float* mean = model.target_normaliser().mean().data_ptr<float>();
    const float* std = model.target_normaliser().std().data_ptr<float>();
    const float* low = model.lowest_state().data_ptr<float>();
    const float* high = model.highest_state().data_ptr<float>();
    const float* state = state_.data_ptr<float>();
    float* next = next_.data_ptr<float>();
    for (int64_t row = 0; row < rows_; ++row) {
      const float* output = output_.data() + row * width;
      for (int64_t j = 0; j < o_; ++j) {
        const float moved = state[row * o_ + j] + mean[j] + std[j] * output[j];
        next[row * o_ + j] = std::min(std::max(moved, low[j]), high[j]);
      }
      if (model.config().learn_reward) reward_[row] = mean[o_] + std[o_] * output[o_];
    }
  }

  void write_inputs() {
    const auto& model = dream_.model;
    const float* state_mean = model.observation_normaliser().mean().data_ptr<float>();
    const float* state_std = model.observation_normaliser().std().data_ptr<float>();
    const float* action_mean = model.action_normaliser().mean().data_ptr<float>();
    const float* action_std = model.action_normaliser().std().data_ptr<float>();
    const float* low = model.action_low().data_ptr<float>();
    const float* high = model.action_high().data_ptr<float>();
    const bool clip = model.config().clip_action;
    const float* state = state_.data_ptr<float>();
    const float* action = action_.data_ptr<float>();
    for (int64_t row = 0; row < rows_; ++row) {
      float* x = input_.data() + row * (o_ + a_);
      for (int64_t j = 0; j < o_; ++j) x[j] = (state[row * o_ + j] - state_mean[j]) / state_std[j];
      for (int64_t j = 0; j < a_; ++j) {
        const float given = action[row * a_ + j];
        const float seen = clip ? std::min(std::max(given, low[j]), high[j]) : given;
        x[o_ + j] = (seen - action_mean[j]) / action_std[j];
      }
    }
  }

  /// Draws from the Gaussian head: the first half of each output row becomes a sample. Says the
  /// same as DynamicsModel::head, without a tensor for every row.
  void sample_outputs() {
    const auto softplus = [](float x) { return x > 20.0f ? x : std::log1p(std::exp(x)); };
    const int64_t width = dream_.model.ensemble().shape().output(), d = width / 2;
    noise_.resize(static_cast<size_t>(rows_ * d));
    random_.fill_normal(noise_.data(), rows_ * d);
    const float* bounds = dream_.model.variance_bounds().data_ptr<float>();
    for (int64_t row = 0; row < rows_; ++row) {
      const float* low = bounds + member_[row] * 2 * d;
      const float* high = low + d;
      float* output = output_.data() + row * width;
      for (int64_t j = 0; j < d; ++j) {
        float log_variance = high[j] - softplus(high[j] - output[d + j]);
        log_variance = low[j] + softplus(log_variance - low[j]);
        output[j] += std::exp(0.5f * log_variance) * noise_[row * d + j];
      }
    }
  }

  /// Writes the step to the rollouts and ends or continues each row's episode.
  void store(int64_t t) {
    auto& out = dream_.rollouts;
    const auto terminated =
        dream_.task.terminates() ? dream_.task.terminated(next_).contiguous() : Tensor();
    const int64_t horizon = dream_.options.horizon;
    const int64_t limit = dream_.options.episode_limit > 0 ? dream_.options.episode_limit : horizon;
    const int64_t first_row = group_.first_task * out.rows();
    for (int64_t row = 0; row < rows_; ++row) {
      const int64_t at = (first_row + row) * horizon + t;
      std::copy_n(state_.data_ptr<float>() + row * o_, o_,
                  out.observation.data_ptr<float>() + at * o_);
      std::copy_n(action_.data_ptr<float>() + row * a_, a_, out.action.data_ptr<float>() + at * a_);
      std::copy_n(next_.data_ptr<float>() + row * o_, o_,
                  out.next_observation.data_ptr<float>() + at * o_);
      if (dream_.model.config().learn_reward) out.reward.data_ptr<float>()[at] = reward_[row];
      out.time.data_ptr<float>()[at] = static_cast<float>(time_[row]);
      const bool ended = terminated.defined() && terminated.data_ptr<bool>()[row];
      const bool timed_out = !ended && (++time_[row] >= limit || t + 1 == horizon);
      out.terminated.data_ptr<bool>()[at] = ended;
      out.truncated.data_ptr<bool>()[at] = timed_out;
      if (ended || timed_out) begin_again(row);
    }
    std::swap(state_, next_);
  }

  void begin_again(int64_t row) {
    time_[row] = 0;
    const int64_t chosen = random_.below(dream_.resets.size(0));
    std::copy_n(dream_.resets.data_ptr<float>() + chosen * o_, o_,
                next_.data_ptr<float>() + row * o_);
  }

  const Dream& dream_;
  Group group_;
  int64_t rows_, o_, a_;
  RandomStream random_;
  Tensor state_, next_, action_, std_;
  std::vector<int64_t> time_;
  std::vector<float> input_, gathered_, output_, reward_, noise_;
  std::vector<int64_t> member_;
  MlpBlock policy_block_;
  kernels::MlpPass model_pass_;
};

/// Cuts the tasks into groups of neighbours that share a member and make up about kGroupRows rows.
std::vector<Group> groups_of(int64_t tasks, int64_t rows, int64_t members) {
  std::vector<Group> groups;
  for (int64_t task = 0; task < tasks; ++task) {
    const bool joins = !groups.empty() && groups.back().tasks * rows < kGroupRows &&
                       groups.back().first_task * members / tasks == task * members / tasks;
    if (joins)
      ++groups.back().tasks;
    else
      groups.push_back({task, 1});
  }
  return groups;
}

}  // namespace

Rollouts imagine(const Task& task, const DynamicsModel& model, const GaussianPolicy& policy,
                 const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                 const ImagineOptions& options, const RandomStream& random) {
  const torch::NoGradGuard no_grad;
  const int64_t tasks = parameters.size(0), o = model.observation_size(), a = model.action_size();
  require_shape(starts, {tasks, -1, o}, "the imagination's start states");
  require_shape(resets, {-1, o}, "the imagination's reset states");
  if (!kernels::serve(parameters))
    return imagine_torch(task, model, policy, parameters, starts, resets, options, random);
  const int64_t rows = starts.size(1), horizon = options.horizon;
  Rollouts rollouts;
  rollouts.observation = torch::empty({tasks, rows, horizon, o});
  rollouts.action = torch::empty({tasks, rows, horizon, a});
  rollouts.next_observation = torch::empty({tasks, rows, horizon, o});
  rollouts.reward = torch::empty({tasks, rows, horizon});
  rollouts.time = torch::empty({tasks, rows, horizon});
  rollouts.terminated = torch::empty({tasks, rows, horizon}, torch::kBool);
  rollouts.truncated = torch::empty({tasks, rows, horizon}, torch::kBool);

  const auto packed = parameters.contiguous(), reset_states = resets.contiguous();
  const Dream dream{task, model, policy, packed, reset_states, options, random, rollouts};
  const auto groups = groups_of(tasks, rows, model.members());
  parallel_for(static_cast<int64_t>(groups.size()), [&](int64_t index) {
    const torch::NoGradGuard worker_no_grad;  // the mode is each thread's own
    const auto& group = groups[static_cast<size_t>(index)];
    Walker(dream, group, starts, index).run();
    if (model.config().learn_reward) return;
    const auto part = [&](const Tensor& field) {
      return field.narrow(0, group.first_task, group.tasks).flatten(0, 2);
    };
    part(rollouts.reward)
        .copy_(task.reward(part(rollouts.observation), part(rollouts.action),
                           part(rollouts.next_observation)));
  });
  return rollouts;
}

}  // namespace reverie
