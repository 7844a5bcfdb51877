#include <reverie/models/learner.h>

#include <reverie/core/archive.h>
#include <reverie/models/disagreement.h>

namespace reverie {
namespace {

void check(const FitConfig& fit, const Session& session, const ModelConfig& model) {
  fit.check_device(session.device());
  fit.decay_of(static_cast<int64_t>(model.hidden.size()) + 1);  // throws what a fit would
}

DynamicsModel made(const Session& session, const ModelConfig& config) {
  RandomStream random = session.stream("model");
  DynamicsModel model(session.task().spec(), config, random);
  model.to(session.device());
  return model;
}

}  // namespace

ModelLearner::ModelLearner(Session& session, const LearnConfig& config)
    : session_(session),
      config_(config),
      model_((check(config.fit, session, config.model), made(session, config.model))),
      objective_(make_objective(config.objective, session.task().spec(),
                                session.stream("objective"), session.device())),
      random_(session.stream("fit")) {}

void ModelLearner::learn(const Replay& replay, const Policy* policy, const Critic* critic) {
  Monitor& monitor = session_.monitor();
  const auto on_device = [&](int64_t count) {
    return moved(replay.newest(count), session_.device());
  };
  const int64_t fresh = replay.added() - seen_;
  if (fits_ > 0 && fresh > 0) judge_new(on_device(fresh));
  seen_ = replay.added();

  const auto data = replay.newest(config_.fit.window > 0 ? config_.fit.window : replay.size());
  const int64_t epochs = fits_ == 0 ? config_.fit.first_epochs : config_.fit.epochs;
  const auto random = random_.split(static_cast<uint64_t>(fits_++));
  const auto report = fit(model_, data, *objective_, config_.fit, epochs, random, monitor, policy,
                          critic, std::min(fresh, data.size()));
  monitor.record("model/train_loss", report.train_loss);
  if (config_.fit.holdout > 0) monitor.record("model/holdout_loss", report.holdout_loss);
  monitor.record("model/epochs", report.epochs);
  monitor.record("model/rows_fitted", static_cast<double>(report.rows));
}

Tensor ModelLearner::start_weights(const Replay& replay) const {
  const Tensor fitted = objective_->start_weights();
  if (!fitted.defined()) return {};
  const int64_t size = replay.size();
  const int64_t end = size - (replay.added() - seen_);  // of the rows of the last fit
  const int64_t count = std::min(fitted.size(0), end);
  if (count <= 0) return {};
  Tensor weights = torch::zeros({size});
  weights.narrow(0, end - count, count).copy_(fitted.narrow(0, fitted.size(0) - count, count));
  return weights;
}

void ModelLearner::judge_new(const Transitions& data) const {
  const NewData found = judge(model_, data);
  Monitor& monitor = session_.monitor();
  monitor.record("model/new_data_error", found.error);
  if (model_.members() == 1) return;
  monitor.record("model/disagreement", found.disagreement);
  monitor.record("model/disagreement_rank", found.rank_correlation);
}

void ModelLearner::take(Archive& saved, std::string_view name) {
  // Read into one of its own first: what fits in part must not be taken in part.
  DynamicsModel other = made(session_, config_.model);
  saved(name, other);
  other.to(session_.device());
  model_ = std::move(other);
}

void ModelLearner::serialize(Archive& archive) {
  archive("random", random_);
  archive("model", model_);
  archive("objective", *objective_);
  archive.count("fits", fits_);
  archive.count("seen", seen_);
}

}  // namespace reverie
