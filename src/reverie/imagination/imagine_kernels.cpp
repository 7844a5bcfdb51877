#include <reverie/imagination/imagine_kernels.h>

#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/models/row_model.h>

#include <fmt/format.h>

#include <algorithm>

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
  const ReadyModel& ready;
  const Policy& policy;
  const Tensor& parameters;
  const Tensor& resets;
  const ImagineOptions& options;
  const RandomStream& random;
  Rollouts& rollouts;
};

/// Rows that advance together, as they lie one after the other in all tasks.
struct Group {
  int64_t first, count;
};

/// Rows of one group, step by step.
class Walker {
 public:
  Walker(const Dream& dream, const Group& group, const Tensor& starts, int64_t index)
      : dream_(dream),
        first_(group.first),
        rows_(group.count),
        o_(starts.size(-1)),
        a_(dream.policy.action_size()),
        random_(dream.random.split(static_cast<uint64_t>(index))),
        state_(starts.reshape({-1, o_}).narrow(0, first_, rows_).clone()),
        next_(torch::empty_like(state_)),
        action_(torch::empty({rows_, a_})),
        time_(static_cast<size_t>(rows_), 0),
        normal_(static_cast<size_t>(rows_ * a_)),
        first_task_(first_ / dream.rollouts.rows()),
        policies_(dream.policy.by_rows(
            dream.parameters.narrow(0, first_task_,
                                    (first_ + rows_ - 1) / dream.rollouts.rows() - first_task_ + 1),
            rows_)),
        model_(dream.ready, rows_, dream.options.members, !exploits()) {
    for (int64_t row = 0; row < rows_; ++row) model_.begin(row, random_);
  }

  void run() {
    for (int64_t t = 0; t < dream_.options.horizon; ++t) {
      act();
      move();
      store(t);
    }
    // All steps: a new episode may have begun over a bad state.
    check(dream_.rollouts.next_observation, "states");
    if (learns_reward()) check(dream_.rollouts.reward, "rewards");
  }

 private:
  void check(const Tensor& field, const char* what) const {
    const auto mine = field.flatten(0, 1).narrow(0, first_, rows_);
    if (mine.isfinite().all().item<bool>()) return;
    for (int64_t row = 0; row < rows_; ++row)
      require_finite(mine[row], fmt::format("the {} imagined for task {}", what,
                                            (first_ + row) / dream_.rollouts.rows()));
  }

  bool learns_reward() const { return dream_.ready.model().config().learn_reward; }
  bool exploits() const { return dream_.options.mode == Mode::exploit; }

  void act() {
    const int64_t task_rows = dream_.rollouts.rows();
    float* action = action_.data_ptr<float>();
    if (!exploits()) random_.fill_normal(normal_.data(), rows_ * a_);
    for (int64_t from = 0; from < rows_;) {
      // The rows of one task share a policy.
      const int64_t task = (first_ + from) / task_rows;
      const int64_t to = std::min((task + 1) * task_rows - first_, rows_);
      policies_->act(task - first_task_, state_.data_ptr<float>() + from * o_, to - from,
                     exploits() ? nullptr : normal_.data() + from * a_, action + from * a_);
      from = to;
    }
  }

  /// next = state + the change that each row's member predicts.
  void move() {
    // Where members are fixed all rows of a group share one.
    const int64_t fixed = first_task_ * dream_.ready.model().members() / dream_.rollouts.tasks();
    model_.move(state_.data_ptr<float>(), action_.data_ptr<float>(), fixed, random_,
                next_.data_ptr<float>());
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
    float* to_reward = learns_reward() ? out.reward.data_ptr<float>() : nullptr;
    float* to_time = out.time.data_ptr<float>();
    bool* to_terminated = out.terminated.data_ptr<bool>();
    bool* to_truncated = out.truncated.data_ptr<bool>();
    for (int64_t row = 0; row < rows_; ++row) {
      const int64_t at = (first_ + row) * horizon + t;
      std::copy_n(state + row * o_, o_, to_observation + at * o_);
      std::copy_n(action + row * a_, a_, to_action + at * a_);
      std::copy_n(next + row * o_, o_, to_next + at * o_);
      if (to_reward != nullptr) to_reward[at] = model_.reward(row);
      to_time[at] = static_cast<float>(time_[row]);
      const bool ended = (over != nullptr && over[row]) || model_.ended(row);
      const bool timed_out = !ended && (++time_[row] >= limit || t + 1 == horizon);
      to_terminated[at] = ended;
      to_truncated[at] = timed_out;
      if (ended || timed_out) begin_again(row, next, resets);
    }
    std::swap(state_, next_);
  }

  void begin_again(int64_t row, float* next, const float* resets) {
    time_[row] = 0;
    model_.begin(row, random_);
    std::copy_n(resets + random_.below(dream_.resets.size(0)) * o_, o_, next + row * o_);
  }

  const Dream& dream_;
  int64_t first_, rows_, o_, a_;
  RandomStream random_;
  Tensor state_, next_, action_;
  std::vector<int64_t> time_;
  std::vector<float> normal_;
  int64_t first_task_;
  std::unique_ptr<RowPolicy> policies_;
  RowModel model_;
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

}  // namespace

Rollouts imagine_kernels(const Task& task, const DynamicsModel& model, const Policy& policy,
                         const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                         const ImagineOptions& options, const RandomStream& random) {
  const torch::NoGradGuard no_grad;
  const int64_t tasks = parameters.size(0), o = model.observation_size(), a = model.action_size();
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
  const ReadyModel ready(model, groups.front().count);
  const Dream dream{task, ready, policy, packed, reset_states, options, random, rollouts};
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
