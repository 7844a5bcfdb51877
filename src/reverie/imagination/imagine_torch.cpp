#include <reverie/core/error.h>
#include <reverie/imagination/imagine_torch.h>

namespace reverie {
namespace {

/// Where each row sits in a batch [K, c, …] that gives each member its own rows. The members of
/// rows are known on the CPU, so no device has to be waited for.
class Seats {
 public:
  Seats(const std::vector<int64_t>& member_of_row, int64_t members, torch::Device device)
      : members_(members) {
    std::vector<int64_t> taken(static_cast<size_t>(members), 0);
    auto seat = torch::empty({static_cast<int64_t>(member_of_row.size())}, torch::kInt64);
    for (const int64_t member : member_of_row) ++taken[member];
    capacity_ = *std::max_element(taken.begin(), taken.end());
    std::fill(taken.begin(), taken.end(), 0);
    auto row = torch::zeros({members * capacity_}, torch::kInt64);  // an empty seat repeats row 0
    for (size_t i = 0; i < member_of_row.size(); ++i) {
      const int64_t at = member_of_row[i] * capacity_ + taken[member_of_row[i]]++;
      seat.data_ptr<int64_t>()[i] = at;
      row.data_ptr<int64_t>()[at] = static_cast<int64_t>(i);
    }
    seat_ = seat.to(device);
    row_ = row.to(device);
  }

  /// [K, c, d] of rows [n, d].
  Tensor place(const Tensor& rows) const {
    return rows.index_select(0, row_).view({members_, capacity_, -1});
  }
  /// And back.
  Tensor rows(const Tensor& placed) const { return placed.flatten(0, 1).index_select(0, seat_); }

 private:
  int64_t members_, capacity_ = 0;
  Tensor seat_, row_;
};

/// Rows [n, …] of all tasks, step by step.
class BatchedWalk {
 public:
  BatchedWalk(const Task& task, const DynamicsModel& model, const GaussianPolicy& policy,
              const Tensor& parameters, const Tensor& starts, const Tensor& resets,
              const ImagineOptions& options, const RandomStream& random)
      : task_(task),
        model_(model),
        policy_(policy),
        options_(options),
        device_(parameters.device()),
        tasks_(starts.size(0)),
        n_(tasks_ * starts.size(1)),
        limit_(options.limit()),
        parameters_(parameters.contiguous()),
        layers_(model.ensemble().layers(model.ensemble().parameters())),
        resets_(resets.to(device_)),
        state_(starts.to(device_).flatten(0, 1)),
        time_(torch::zeros({n_}, device_)),
        member_random_(random.split(0)) {
    // One draw and one transfer for all steps, as large as the rollouts themselves.
    auto action_random = random.split(1), target_random = random.split(2);
    auto reset_random = random.split(3);
    const int64_t horizon = options.horizon;
    action_noise_ = action_random.normal({horizon, n_, model.action_size()}).to(device_);
    if (model.config().head == Head::gaussian)
      target_noise_ = target_random.normal({horizon, n_, model.target_size()}).to(device_);
    if (task.terminates() || model.config().learn_end || limit_ < horizon)
      reset_choice_ = reset_random.below(resets.size(0), {horizon, n_}).to(device_);
    member_.resize(static_cast<size_t>(n_));
    for (int64_t row = 0; row < n_; ++row)
      member_[row] = row / starts.size(1) * model.members() / tasks_;
    seats_.emplace(member_, model.members(), device_);
  }

  void step(int64_t t) {
    const auto policies =
        policy_.distribution(parameters_, state_.reshape({tasks_, n_ / tasks_, -1}));
    const auto noise = action_noise_[t].view_as(policies.mean);
    const auto action = (policies.mean + torch::exp(policies.log_std) * noise).flatten(0, 1);
    const auto target = predict(model_.inputs(state_, action), t);
    const auto moved = state_ + target.narrow(1, 0, model_.observation_size());
    const auto next =
        torch::minimum(torch::maximum(moved, model_.lowest_state()), model_.highest_state());
    auto ended = task_.terminates() ? task_.terminated(next)
                                    : torch::zeros({n_}, time_.options().dtype(torch::kBool));
    if (model_.config().learn_end)
      ended = ended | (target.select(1, model_.end_column()) > DynamicsModel::end_threshold);
    const auto over = t + 1 == options_.horizon ? torch::ones_like(ended) : time_ + 1 >= limit_;
    observation_.push_back(state_);
    action_.push_back(action);
    next_.push_back(next);
    time_at_.push_back(time_);
    ended_.push_back(ended);
    timed_out_.push_back(over & ended.logical_not());
    if (model_.config().learn_reward)
      reward_.push_back(target.select(1, model_.reward_column()));
    // Where no episode can end before the horizon nothing begins again.
    const auto begins = ended | over;
    state_ = reset_choice_.defined() ? torch::where(begins.unsqueeze(1),
                                                    resets_.index_select(0, reset_choice_[t]), next)
                                     : next;
    time_ = torch::where(begins, torch::zeros_like(time_), time_ + 1);
  }

  Rollouts rollouts() const {
    const auto whole = [&](const std::vector<Tensor>& steps) {
      return torch::stack(steps, 1).unflatten(0, {tasks_, n_ / tasks_});
    };
    Rollouts result;
    result.observation = whole(observation_);
    result.action = whole(action_);
    result.next_observation = whole(next_);
    result.time = whole(time_at_);
    result.terminated = whole(ended_);
    result.truncated = whole(timed_out_);
    const auto all = [](const Tensor& field) { return field.flatten(0, 2); };
    result.reward =
        model_.config().learn_reward
            ? whole(reward_)
            : task_
                  .reward(all(result.observation), all(result.action), all(result.next_observation))
                  .view_as(result.time);
    return result;
  }

 private:
  /// The change of state (and the reward) that each row's member predicts for inputs x [n, …].
  Tensor predict(const Tensor& x, int64_t t) {
    if (options_.propagation == Propagation::random_member) {
      for (auto& member : member_) member = member_random_.below(model_.members());
      seats_.emplace(member_, model_.members(), device_);
    }
    const auto raw = model_.ensemble().forward(layers_, seats_->place(x));
    const auto said = model_.heads(raw);
    auto target = seats_->rows(said.mean);
    if (said.log_variance.defined())
      target = target + torch::exp(0.5 * seats_->rows(said.log_variance)) * target_noise_[t];
    return model_.target_normaliser().denormalise(target);
  }

  const Task& task_;
  const DynamicsModel& model_;
  const GaussianPolicy& policy_;
  const ImagineOptions& options_;
  const torch::Device device_;
  const int64_t tasks_, n_, limit_;
  const Tensor parameters_;
  const std::vector<Ensemble::Layer> layers_;
  const Tensor resets_;
  Tensor state_, time_;
  RandomStream member_random_;
  Tensor action_noise_, target_noise_;  // [horizon, n, …]
  Tensor reset_choice_;                 // [horizon, n] int64; undefined where nothing is reset
  std::vector<int64_t> member_;         // of each row
  std::optional<Seats> seats_;
  // A step an entry, [n, …].
  std::vector<Tensor> observation_, action_, next_, reward_, time_at_, ended_, timed_out_;
};

}  // namespace

Rollouts imagine_torch(const Task& task, const DynamicsModel& model, const GaussianPolicy& policy,
                       const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                       const ImagineOptions& options, const RandomStream& random) {
  const torch::NoGradGuard no_grad;
  BatchedWalk walk(task, model, policy, parameters, starts, resets, options, random);
  for (int64_t t = 0; t < options.horizon; ++t) walk.step(t);
  auto rollouts = walk.rollouts();
  if (task.terminates() || model.config().learn_end || options.limit() < options.horizon)
    leave_out_unfinished(rollouts, options.limit());
  const auto check = [&](const Tensor& field, const char* what) {
    if (torch::isfinite(field).all().item<bool>()) return;
    for (int64_t i = 0; i < rollouts.tasks(); ++i)
      require_finite(field[i], fmt::format("the {} imagined for task {}", what, i));
  };
  check(rollouts.next_observation, "states");
  if (model.config().learn_reward) check(rollouts.reward, "rewards");
  return rollouts;
}

}  // namespace reverie
