#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/imagination/imagine.h>
#include <reverie/imagination/imagine_torch.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/nn/kernels/gaussian_head.h>
#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/kernels/small_mlps.h>

namespace reverie {
namespace {

/// Rows that advance together on one thread: about so many at least that a matrix product is worth
/// its while, about so many at most that they stay in cache; between the two a quarter of a
/// member's rows, so that cores find enough to share.
constexpr int64_t kFewestRows = 20, kMostRows = 128;
/// The same where each row draws its member at each step, of an eighth of all rows.
constexpr int64_t kFewestMixedRows = 64, kMostMixedRows = 512;

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
  std::vector<kernels::ReadyWeights> weights;  ///< Of each member.
};

/// Rows that advance together, as they lie one after the other in all tasks.
struct Group {
  int64_t first, count;
};

float mean_of(const std::vector<float>& values) {
  float sum = 0;
  for (const float value : values) sum += value;
  return sum / static_cast<float>(values.size());
}

/// The lower one of the middle two, where there are two.
float median_of(std::vector<float>& values) {
  const auto middle = values.begin() + (static_cast<std::ptrdiff_t>(values.size()) - 1) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Rows of one group, step by step.
class Walker {
 public:
  Walker(const Dream& dream, const Group& group, const Tensor& starts, int64_t index)
      : dream_(dream),
        first_(group.first),
        rows_(group.count),
        o_(dream.model.observation_size()),
        a_(dream.model.action_size()),
        random_(dream.random.split(static_cast<uint64_t>(index))),
        state_(starts.reshape({-1, o_}).narrow(0, first_, rows_).clone()),
        next_(torch::empty_like(state_)),
        action_(torch::empty({rows_, a_})),
        time_(static_cast<size_t>(rows_), 0),
        normal_(static_cast<size_t>(rows_ * a_)),
        input_(static_cast<size_t>(rows_ * (o_ + a_))),
        reward_(static_cast<size_t>(rows_)),
        ended_(static_cast<size_t>(rows_)),
        first_task_(first_ / dream.rollouts.rows()),
        policies_(dream.policy.sizes(),
                  dream.parameters.data_ptr<float>() + first_task_ * dream.parameters.size(1),
                  (first_ + rows_ - 1) / dream.rollouts.rows() - first_task_ + 1,
                  dream.parameters.size(1)),
        model_pass_(dream.model.ensemble().shape(), rows_, kernels::Use::inference,
                    dream.model.config().precision) {
    const auto numbers = static_cast<size_t>(rows_ * dream.model.target_size());
    if (mixed()) {
      member_.resize(static_cast<size_t>(rows_));
      gathered_.resize(input_.size());
    }
    if (dream.options.members == Members::episode)
      for (auto& member : member_) member = random_.below(dream.model.members());
    if (averaged()) by_member_.resize(numbers * static_cast<size_t>(dream.model.members()));
    if (mixed() || averaged()) output_.resize(numbers);
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
    // All steps: a new episode may have begun over a bad state.
    check(dream_.rollouts.next_observation, "states");
    if (dream_.model.config().learn_reward) check(dream_.rollouts.reward, "rewards");
  }

 private:
  void check(const Tensor& field, const char* what) const {
    const auto mine = field.flatten(0, 1).narrow(0, first_, rows_);
    if (mine.isfinite().all().item<bool>()) return;
    for (int64_t row = 0; row < rows_; ++row)
      require_finite(mine[row], fmt::format("the {} imagined for task {}", what,
                                            (first_ + row) / dream_.rollouts.rows()));
  }

  bool exploits() const { return dream_.options.mode == Mode::exploit; }
  bool mixed() const {
    return dream_.options.members == Members::step || dream_.options.members == Members::episode;
  }
  /// Whether all members have a say in every step.
  bool averaged() const {
    return dream_.options.members == Members::mean || dream_.options.members == Members::median;
  }

  void act() {
    const int64_t task_rows = dream_.rollouts.rows();
    float* action = action_.data_ptr<float>();
    if (!exploits()) random_.fill_normal(normal_.data(), rows_ * a_);
    for (int64_t from = 0; from < rows_;) {
      // The rows of one task share a policy.
      const int64_t task = (first_ + from) / task_rows;
      const int64_t to = std::min((task + 1) * task_rows - first_, rows_);
      const float* std = std_.data_ptr<float>() + task * a_;
      policies_.forward(task - first_task_, state_.data_ptr<float>() + from * o_, to - from,
                        action + from * a_);
      for (int64_t row = from; row < to && !exploits(); ++row)
        for (int64_t j = 0; j < a_; ++j) action[row * a_ + j] += std[j] * normal_[row * a_ + j];
      from = to;
    }
  }

  /// next = state + the change that each row's member predicts.
  void move() {
    const auto& model = dream_.model;
    write_inputs();
    // Where members are fixed all rows of a group share one.
    const int64_t fixed = first_task_ * model.members() / dream_.rollouts.tasks();
    const float* predicted = mixed()      ? predict_mixed()
                             : averaged() ? predict_by_all()
                                          : predict(fixed, input_.data(), rows_);
    const int64_t width = model.target_size();
    const float* mean = model.target_normaliser().mean().data_ptr<float>();
    const float* std = model.target_normaliser().std().data_ptr<float>();
    const float* low = model.lowest_state().data_ptr<float>();
    const float* high = model.highest_state().data_ptr<float>();
    const float* state = state_.data_ptr<float>();
    float* next = next_.data_ptr<float>();
    for (int64_t row = 0; row < rows_; ++row) {
      const float* output = predicted + row * width;
      for (int64_t j = 0; j < o_; ++j) {
        const float moved = state[row * o_ + j] + mean[j] + std[j] * output[j];
        next[row * o_ + j] = std::min(std::max(moved, low[j]), high[j]);
      }
      const int64_t r = model.reward_column(), e = model.end_column();
      if (model.config().learn_reward) reward_[row] = mean[r] + std[r] * output[r];
      if (model.config().learn_end)
        ended_[row] = mean[e] + std[e] * output[e] > DynamicsModel::end_threshold;
    }
  }

  /// What `member` predicts, drawn where it predicts a distribution (by the last call's noise where
  /// asked for): [rows, target_size].
  const float* predict(int64_t member, const float* input, int64_t rows, bool same_noise = false) {
    const auto& model = dream_.model;
    const float* output =
        model_pass_.forward(dream_.weights[static_cast<size_t>(member)], input, rows);
    if (model.config().head == Head::deterministic) return output;
    const int64_t d = model.target_size();
    noise_.resize(static_cast<size_t>(rows_ * d));
    sample_.resize(noise_.size());
    if (exploits())
      std::fill_n(noise_.data(), rows * d, 0.0f);
    else if (!same_noise)
      random_.fill_normal(noise_.data(), rows * d);
    const float* bounds = model.variance_bounds().data_ptr<float>() + member * 2 * d;
    kernels::sample_gaussian_head(output, bounds, noise_.data(), rows, d, sample_.data());
    // An end is no quantity that varies: its mean is the probability that is held against a half.
    if (const int64_t e = model.end_column(); model.config().learn_end)
      for (int64_t row = 0; row < rows; ++row) sample_[row * d + e] = output[row * 2 * d + e];
    return sample_.data();
  }

  /// Every row draws its member; those of one member go through its network together.
  const float* predict_mixed() {
    const int64_t width = dream_.model.target_size(), in = o_ + a_;
    if (dream_.options.members == Members::step)
      for (auto& member : member_) member = random_.below(dream_.model.members());
    for (int64_t k = 0; k < dream_.model.members(); ++k) {
      int64_t count = 0;
      for (int64_t row = 0; row < rows_; ++row)
        if (member_[row] == k)
          std::copy_n(input_.data() + row * in, in, gathered_.data() + (count++) * in);
      if (count == 0) continue;
      const float* output = predict(k, gathered_.data(), count);
      count = 0;
      for (int64_t row = 0; row < rows_; ++row)
        if (member_[row] == k)
          std::copy_n(output + (count++) * width, width, output_.data() + row * width);
    }
    return output_.data();
  }

  /// The mean or the median of what the members predict.
  const float* predict_by_all() {
    const auto members = static_cast<size_t>(dream_.model.members());
    const auto numbers = static_cast<size_t>(rows_ * dream_.model.target_size());
    for (size_t k = 0; k < members; ++k)
      std::copy_n(predict(static_cast<int64_t>(k), input_.data(), rows_, /*same_noise=*/k > 0),
                  numbers, by_member_.data() + k * numbers);
    std::vector<float> said(members);
    for (size_t i = 0; i < numbers; ++i) {
      for (size_t k = 0; k < members; ++k) said[k] = by_member_[k * numbers + i];
      output_[i] = dream_.options.members == Members::mean ? mean_of(said) : median_of(said);
    }
    return output_.data();
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

  /// Writes the step to the rollouts and ends or continues each row's episode.
  void store(int64_t t) {
    auto& out = dream_.rollouts;
    const auto terminated =
        dream_.task.terminates() ? dream_.task.terminated(next_).contiguous() : Tensor();
    const int64_t horizon = dream_.options.horizon;
    const int64_t limit = dream_.options.limit();
    // A tensor's pointer costs a call: once, not for each row.
    const float* state = state_.data_ptr<float>();
    const float* action = action_.data_ptr<float>();
    float* next = next_.data_ptr<float>();
    const float* resets = dream_.resets.data_ptr<float>();
    const bool* over = terminated.defined() ? terminated.data_ptr<bool>() : nullptr;
    float* to_observation = out.observation.data_ptr<float>();
    float* to_action = out.action.data_ptr<float>();
    float* to_next = out.next_observation.data_ptr<float>();
    float* to_reward = dream_.model.config().learn_reward ? out.reward.data_ptr<float>() : nullptr;
    float* to_time = out.time.data_ptr<float>();
    bool* to_terminated = out.terminated.data_ptr<bool>();
    bool* to_truncated = out.truncated.data_ptr<bool>();
    for (int64_t row = 0; row < rows_; ++row) {
      const int64_t at = (first_ + row) * horizon + t;
      std::copy_n(state + row * o_, o_, to_observation + at * o_);
      std::copy_n(action + row * a_, a_, to_action + at * a_);
      std::copy_n(next + row * o_, o_, to_next + at * o_);
      if (to_reward != nullptr) to_reward[at] = reward_[row];
      to_time[at] = static_cast<float>(time_[row]);
      const bool ended = (over != nullptr && over[row]) || ended_[row];
      const bool timed_out = !ended && (++time_[row] >= limit || t + 1 == horizon);
      to_terminated[at] = ended;
      to_truncated[at] = timed_out;
      if (ended || timed_out) begin_again(row, next, resets);
    }
    std::swap(state_, next_);
  }

  void begin_again(int64_t row, float* next, const float* resets) {
    time_[row] = 0;
    if (dream_.options.members == Members::episode)
      member_[static_cast<size_t>(row)] = random_.below(dream_.model.members());
    std::copy_n(resets + random_.below(dream_.resets.size(0)) * o_, o_, next + row * o_);
  }

  const Dream& dream_;
  int64_t first_, rows_, o_, a_;
  RandomStream random_;
  Tensor state_, next_, action_, std_;
  std::vector<int64_t> time_;
  std::vector<float> normal_, input_, reward_, noise_, sample_;
  std::vector<char> ended_;               // whether the model says so
  std::vector<int64_t> member_;           // of each row, where they are mixed
  std::vector<float> gathered_, output_;  // inputs by member, and what it says of them
  std::vector<float> by_member_;          // what all say of all rows, where they are averaged
  int64_t first_task_;
  kernels::SmallMlps policies_;
  kernels::MlpPass model_pass_;
};

/// Cuts `rows` that begin at `first` into groups of about `target`, as equal as can be.
void cut(int64_t first, int64_t rows, int64_t target, std::vector<Group>& groups) {
  const int64_t parts = std::max<int64_t>(1, (rows + target / 2) / target);
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t from = rows * part / parts, to = rows * (part + 1) / parts;
    groups.push_back({first + from, to - from});
  }
}

/// The groups of all rows. Where members are fixed the rows of a group share one.
std::vector<Group> groups_of(int64_t tasks, int64_t rows, int64_t members, Members which) {
  std::vector<Group> groups;
  if (which != Members::fixed) {  // rows of several members, or all, go together
    const int64_t count = tasks * rows;
    cut(0, count, std::clamp(count / 8, kFewestMixedRows, kMostMixedRows), groups);
    return groups;
  }
  for (int64_t first = 0; first < tasks;) {
    int64_t end = first;
    while (end < tasks && end * members / tasks == first * members / tasks) ++end;
    const int64_t count = (end - first) * rows;
    cut(first * rows, count, std::clamp(count / 4, kFewestRows, kMostRows), groups);
    first = end;
  }
  return groups;
}

/// The members' weights, made ready once for a whole imagination by groups of about `rows`.
std::vector<kernels::ReadyWeights> ready_weights(const DynamicsModel& model, int64_t rows) {
  const auto& effective = model.ensemble().effective();
  std::vector<kernels::ReadyWeights> ready;
  for (int64_t k = 0; k < model.members(); ++k) {
    ready.emplace_back(model.ensemble().shape(), rows, kernels::Use::inference,
                       model.config().precision);
    ready.back().read(effective.data_ptr<float>() + k * effective.size(1));
  }
  return ready;
}

}  // namespace

std::vector<std::string> setting_names(Members) {
  return {"fixed", "step", "episode", "mean", "median"};
}

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
  const auto groups = groups_of(tasks, rows, model.members(), options.members);
  const Dream dream{task,   model,        policy,
                    packed, reset_states, options,
                    random, rollouts,     ready_weights(model, groups.front().count)};
  parallel_for(static_cast<int64_t>(groups.size()), [&](int64_t index) {
    const torch::NoGradGuard worker_no_grad;  // the mode is each thread's own
    const auto& group = groups[static_cast<size_t>(index)];
    Walker(dream, group, starts, index).run();
    if (model.config().learn_reward) return;
    const auto part = [&](const Tensor& field) {
      return field.flatten(0, 1).narrow(0, group.first, group.count).flatten(0, 1);
    };
    part(rollouts.reward)
        .copy_(task.reward(part(rollouts.observation), part(rollouts.action),
                           part(rollouts.next_observation)));
  });
  if (task.terminates() || model.config().learn_end || options.limit() < horizon)
    leave_out_unfinished(rollouts, options.limit());
  return rollouts;
}

}  // namespace reverie
