#include <reverie/imagination/imagine_torch.h>

#include <reverie/core/captured_work.h>
#include <reverie/core/error.h>
#include <reverie/imagination/dream_layers_torch.h>
#include <reverie/nn/batched_mlp_torch.h>

namespace reverie {
namespace {

/// Steps of a CUDA graph: what goes in and out of it is copied once for all of them.
constexpr int64_t kStepsOfGraph = 8;

/// What steps are given and leave behind, a step after the other: [steps, n, …]. Undefined where
/// there is no such thing.
struct Steps {
  Tensor action;        ///< At first the policies' noise.
  Tensor next;          ///< The successors.
  Tensor from;          ///< Where the row goes on from; at first where it would begin anew.
  Tensor terminated;    ///< bool
  Tensor begins;        ///< bool: whether it does begin anew
  Tensor reward;        ///< Where it is learned.
  Tensor target_noise;  ///< In units of the target, of variance 1 in the normalised one's.
  Tensor component;     ///< From 0 to 1: what chooses a mixture's components.
  Tensor row, seat;     ///< See Seats.

  template <class F>
  Steps each(const F& f) const {
    const auto of = [&](const Tensor& field) { return field.defined() ? f(field) : field; };
    return {of(action), of(next),         of(from),      of(terminated), of(begins),
            of(reward), of(target_noise), of(component), of(row),        of(seat)};
  }
  Steps at(int64_t first, int64_t count) const {
    return each([&](const Tensor& field) { return field.narrow(0, first, count); });
  }
  Steps like() const {
    return each([](const Tensor& field) { return torch::zeros_like(field); });
  }
  void take_inputs(const Steps& other) {
    for (const auto field : {&Steps::action, &Steps::from, &Steps::target_noise, &Steps::component,
                             &Steps::row, &Steps::seat})
      if ((this->*field).defined()) (this->*field).copy_(other.*field);
  }
  void take_outputs(const Steps& other) {
    for (const auto field : {&Steps::action, &Steps::next, &Steps::from, &Steps::terminated,
                             &Steps::begins, &Steps::reward})
      if ((this->*field).defined()) (this->*field).copy_(other.*field);
  }
};

/// Rows [n, …] of all tasks, step by step. Few operations a step, into memory that stays where it
/// is; nothing waits for the device.
class BatchedWalk {
 public:
  BatchedWalk(const Task& task, const DynamicsModel& model, const Policy& policy,
              const Tensor& parameters, const Tensor& starts, const Tensor& resets,
              const ImagineOptions& options, const RandomStream& random)
      : task_(task),
        model_(model),
        horizon_(options.horizon),
        limit_(options.limit()),
        tasks_(starts.size(0)),
        n_(tasks_ * starts.size(1)),
        o_(model.observation_size()),
        a_(model.action_size()),
        device_(parameters.device()),
        starts_(starts.to(device_).flatten(0, 1)),
        elites_(elites_of(model, options.members, device_)),
        model_blocks_(of_elites(unnormalised_layers(model))),
        bounds_(of_elites({model.variance_bounds()}).front()),
        members_(model_blocks_.front().size(0)),
        policies_(policy.by_batch(parameters, n_ / tasks_)),
        input_(with_ones(torch::cat({torch::zeros({n_, a_}, starts_.options()), starts_}, 1))),
        seen_action_(input_.narrow(1, 0, a_)),
        state_(input_.narrow(1, a_, o_)),
        policy_input_(input_.narrow(1, a_, o_ + 1).view({tasks_, n_ / tasks_, o_ + 1})),
        time_(torch::zeros({n_}, starts_.options())) {
    const auto noise = [&](uint64_t stream, int64_t width) {
      return random.split(stream).normal({horizon_, n_, width}, device_);
    };
    all_.action = options.mode == Mode::exploit
                      ? torch::zeros({horizon_, n_, a_}, starts_.options())
                      : noise(1, a_);
    Tensor by_task = all_.action.view({horizon_, tasks_, n_ / tasks_, a_});
    policies_->prepare(by_task);
    all_.next = empty({o_});
    if (model.config().learn_reward) all_.reward = empty({});
    if (model.config().head != Head::deterministic && options.mode == Mode::explore)
      all_.target_noise = noise(2, model.target_size()).mul_(model.target_normaliser().std());
    if (model.config().head == Head::mixture && options.mode == Mode::explore)
      all_.component = uniform_of(noise(4, model.target_size()));
    if (all_.target_noise.defined() && model.config().learn_end)
      all_.target_noise.select(2, model.end_column()).zero_();  // see Walker::predict
    const bool ends = task.terminates() || model.config().learn_end;
    if (ends) all_.terminated = empty({}, torch::kBool);
    if (ends || limit_ < horizon_) {
      all_.begins = limit_ < horizon_ ? empty({}, torch::kBool) : all_.terminated;
      const auto choice = random.split(3).below(resets.size(0), {horizon_ * n_}, device_);
      all_.from = resets.to(device_).index_select(0, choice).view({horizon_, n_, o_});
    }
    place(options.members, random.split(0));
  }

  void run() {
    const bool graphs = cuda_graphs::used(device_);
    int64_t t = 0;
    if (graphs && horizon_ >= 4 * kStepsOfGraph) {
      Steps fixed = all_.at(0, kStepsOfGraph).like();
      if (!own_begins()) fixed.begins = fixed.terminated;
      CapturedWork steps(device_, [&] {
        for (int64_t i = 0; i < kStepsOfGraph; ++i) step(fixed, i);
      });
      for (; t + kStepsOfGraph <= horizon_; t += kStepsOfGraph) {
        auto here = all_.at(t, kStepsOfGraph);
        fixed.take_inputs(here);
        steps.run();
        here.take_outputs(fixed);
      }
    }
    for (; t < horizon_; ++t) step(all_, t);
  }

  Rollouts rollouts() const {
    const auto by_row = [&](const Tensor& steps) {  // [horizon, n, …] to [tasks, rows, horizon, …]
      return steps.transpose(0, 1).contiguous().unflatten(0, {tasks_, n_ / tasks_});
    };
    Rollouts result;
    const auto& from = all_.from.defined() ? all_.from : all_.next;
    result.observation =
        by_row(torch::cat({starts_.unsqueeze(0), from.narrow(0, 0, horizon_ - 1)}));
    result.action = by_row(all_.action);
    result.next_observation = by_row(all_.next);
    const auto never = torch::zeros({1, 1}, time_.options().dtype(torch::kBool));
    result.terminated =
        by_row(all_.terminated.defined() ? all_.terminated : never.expand({horizon_, n_}));
    const auto step = torch::arange(horizon_, time_.options()).unsqueeze(1).expand({horizon_, n_});
    if (all_.begins.defined()) {
      // An episode goes on from the step after the last that ended one.
      const auto after = torch::where(all_.begins, step + 1, torch::zeros_like(step));
      const auto begun = std::get<0>(torch::cummax(after, 0));
      const auto first =
          torch::cat({torch::zeros({1, n_}, time_.options()), begun.narrow(0, 0, horizon_ - 1)});
      result.time = by_row(step - first);
    } else {
      result.time = by_row(step);
    }
    auto over = all_.begins.defined() ? by_row(all_.begins) : torch::zeros_like(result.terminated);
    over.select(2, horizon_ - 1).fill_(true);
    result.truncated = over & result.terminated.logical_not();
    const auto all = [](const Tensor& field) { return field.flatten(0, 2); };
    result.reward = all_.reward.defined() ? by_row(all_.reward)
                                          : task_
                                                .reward(all(result.observation), all(result.action),
                                                        all(result.next_observation))
                                                .view_as(result.time);
    return result;
  }

 private:
  /// The elites' index, where the rows are theirs and they are not all members; else undefined.
  static Tensor elites_of(const DynamicsModel& model, Members which, torch::Device device) {
    const auto& elites = model.elites();
    if (which == Members::fixed || static_cast<int64_t>(elites.size()) == model.members())
      return {};
    return torch::tensor(elites, torch::kInt64).to(device);
  }
  std::vector<Tensor> of_elites(std::vector<Tensor> by_member) const {
    for (Tensor& tensor : by_member)
      if (elites_.defined() && tensor.defined()) tensor = tensor.index_select(0, elites_);
    return by_member;
  }
  /// Of a normal number, its distribution function.
  static Tensor uniform_of(const Tensor& normal) {
    return torch::erfc(normal * -std::sqrt(0.5)).mul_(0.5);
  }

  Tensor empty(std::vector<int64_t> of_a_row, torch::ScalarType type = torch::kFloat32) const {
    of_a_row.insert(of_a_row.begin(), {horizon_, n_});
    return torch::empty(of_a_row, torch::TensorOptions(type).device(device_));
  }
  /// Whether episodes also end by their limit, before the horizon.
  bool own_begins() const { return all_.begins.defined() && limit_ < horizon_; }

  /// Deals the rows to the members, and makes the network that is as wide.
  void place(Members which, RandomStream random) {
    const int64_t members = members_;
    int64_t width = n_ / members;
    if (which == Members::mean || which == Members::median) {
      combines_ = which;
      width = n_;
      all_.row = torch::arange(n_, torch::TensorOptions(torch::kInt64).device(device_))
                     .repeat({members})
                     .expand({horizon_, -1});
      placed_ = torch::empty({members * width, a_ + o_ + 1}, input_.options());
    } else if (which != Members::fixed || tasks_ % members != 0) {  // else they lie as dealt
      const auto member = member_of_rows(which, random);
      const auto seats = seats_for(member, members);
      width = seats.row.size(1) / members;
      all_.row = seats.row.expand({horizon_, -1});
      all_.seat = seats.seat.expand({horizon_, -1});
      placed_ = torch::empty({members * width, a_ + o_ + 1}, input_.options());
    }
    networks_.emplace(model_.ensemble().shape(), members, width, device_,
                      BatchedMlp::Use::inference);
  }

  /// [horizon, n], or [1, n] where it stays.
  Tensor member_of_rows(Members which, RandomStream& random) const {
    const int64_t members = members_;
    if (which == Members::step) return random.below(members, {horizon_, n_}, device_);
    // An episode that begins in mid-row keeps its row's: how many begin is not known beforehand.
    if (which == Members::episode) return random.below(members, {1, n_}, device_);
    const auto task = torch::arange(tasks_, torch::TensorOptions(torch::kInt64).device(device_));
    return (task * members).div_(tasks_, "floor").repeat_interleave(n_ / tasks_).unsqueeze(0);
  }

  void step(const Steps& steps, int64_t t) {
    auto action = steps.action[t], next = steps.next[t];
    auto by_task = action.view({tasks_, n_ / tasks_, a_});
    policies_->act(policy_input_, by_task);
    if (model_.config().clip_action)
      torch::clamp_out(seen_action_, action, model_.action_low(), model_.action_high());
    else
      seen_action_.copy_(action);
    move(steps, t, next);
    if (model_.config().clip_margin >= 0)
      next.clamp_(model_.lowest_state(), model_.highest_state());
    if (steps.from.defined())
      begin_again(steps, t, next);
    else
      state_.copy_(next);
  }

  /// Writes the successors that each row's member predicts, and the rewards and ends where they are
  /// learned.
  void move(const Steps& steps, int64_t t, Tensor& next) {
    const int64_t members = members_;
    const bool differs = model_.config().target == StateTarget::difference;
    Tensor x = input_;
    if (placed_.defined()) x = torch::index_select_out(placed_, input_, 0, steps.row[t]);
    const auto hidden = networks_->hidden(model_blocks_, x.view({members, -1, a_ + o_ + 1}));
    if (differs && !placed_.defined() && model_blocks_.back().size(2) == o_) {  // the mean alone
      auto by_member = next.view({members, -1, o_});
      torch::baddbmm_out(by_member, state_.view(by_member.sizes()), hidden, model_blocks_.back());
      return;
    }
    const auto target = target_of(steps, t, torch::bmm(hidden, model_blocks_.back()));
    if (differs)
      torch::add_out(next, state_, target.narrow(1, 0, o_));
    else
      next.copy_(target.narrow(1, 0, o_));
    if (steps.reward.defined()) steps.reward[t].copy_(target.select(1, model_.reward_column()));
    if (model_.config().learn_end) {
      auto ended = steps.terminated[t];
      torch::gt_out(ended, target.select(1, model_.end_column()), DynamicsModel::end_threshold);
    }
  }

  /// The target of each row [n, d], from the members' raw outputs.
  Tensor target_of(const Steps& steps, int64_t t, const Tensor& raw) const {
    const HeadShape& head = model_.head_shape();
    Prediction said;
    if (!steps.target_noise.defined())
      said.mean = head.mean(raw);
    else if (head.head == Head::mixture)
      said.components = head.mixture(raw, bounds_.unsqueeze(1));
    else
      said = head.split(raw, bounds_.unsqueeze(1));
    if (!combines_)
      said = said.each([&](const Tensor& by_member) {  // [K, …] to [n, …]
        const auto flat = by_member.flatten(0, 1);
        return placed_.defined() ? flat.index_select(0, steps.seat[t]) : flat;
      });
    Tensor target = said.mean;
    if (steps.target_noise.defined())
      target = drawn(said, steps.target_noise[t],
                     steps.component.defined() ? steps.component[t] : Tensor());
    if (!combines_) return target;
    return combines_ == Members::mean ? target.mean(0) : std::get<0>(target.median(0));
  }

  /// Ends or continues each row's episode.
  void begin_again(const Steps& steps, int64_t t, const Tensor& next) {
    if (task_.terminates()) {
      auto ended = steps.terminated[t];
      const auto told = task_.terminated(next);
      if (model_.config().learn_end)
        ended.logical_or_(told);
      else
        ended.copy_(told);
    }
    auto begins = steps.begins[t], from = steps.from[t];
    if (own_begins()) {
      time_.add_(1);
      torch::ge_out(begins, time_, static_cast<double>(limit_));
      if (steps.terminated.defined()) begins.logical_or_(steps.terminated[t]);
      time_.masked_fill_(begins, 0);
    }
    torch::where_out(state_, begins.unsqueeze(1), from, next);
    from.copy_(state_);
  }

  const Task& task_;
  const DynamicsModel& model_;
  const int64_t horizon_, limit_, tasks_, n_, o_, a_;
  const torch::Device device_;
  const Tensor starts_;
  const Tensor elites_;
  const std::vector<Tensor> model_blocks_;
  const Tensor bounds_;    // of the variance, [K, …]
  const int64_t members_;  // that take part
  std::unique_ptr<BatchPolicy> policies_;
  std::optional<BatchedMlp> networks_;
  Tensor input_;                               // [n, a + o + 1]: the action that is seen, state, 1
  Tensor seen_action_, state_, policy_input_;  // views of it; the last [tasks, rows, o + 1]
  Tensor time_;                      // [n]: of the episode, where it has a limit before the horizon
  std::optional<Members> combines_;  // mean or median, where all have a say
  Tensor placed_;  // the inputs, each member its own; undefined where they lie so already
  Steps all_;
};

}  // namespace

Rollouts imagine_torch(const Task& task, const DynamicsModel& model, const Policy& policy,
                       const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                       const ImagineOptions& options, const RandomStream& random) {
  const torch::NoGradGuard no_grad;
  BatchedWalk walk(task, model, policy, parameters, starts, resets, options, random);
  walk.run();
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
