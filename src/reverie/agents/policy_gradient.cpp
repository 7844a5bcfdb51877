#include <reverie/agents/policy_gradient.h>

#include <reverie/core/archive.h>
#include <reverie/improvers/surrogate.h>

namespace reverie {

void PolicyGradientConfig::describe(Settings& settings) {
  improver.describe(settings);
  settings.group("advantage", advantage);
}

PolicyGradient::PolicyGradient(Session& session, const PolicyGradientConfig& config,
                               const std::string& prefix)
    : estimator_(config.advantage, session.task().spec().observation_size,
                 session.stream(prefix + "advantage"), session.device()),
      improver_(make_improver(config.improver, session.stream(prefix + "improver"))) {}

ImprovementReport PolicyGradient::improve(GaussianPolicy& policy, const Rollouts& rollouts) {
  return step(policy, SurrogateProblem(policy, samples(rollouts)));
}

void PolicyGradient::serialize(Archive& archive) {
  archive("estimator", estimator_);
  archive("improver", *improver_);
}

}  // namespace reverie
