#include <reverie/agents/start_from.h>

#include <reverie/core/error.h>

#include <fmt/core.h>

namespace reverie {

bool TakingOver::attempt(const std::string& name, const std::function<void()>& take) {
  try {
    take();
  } catch (const Error& error) {
    left_ += fmt::format("{}{}: {}", left_.empty() ? "" : "; ", name, error.what());
    return false;
  }
  taken_ += fmt::format("{}{}", taken_.empty() ? "" : " and ", name);
  return true;
}

bool TakingOver::policy(GaussianPolicy& policy, const PolicyConfig& config) {
  return attempt("policy", [&] {
    RandomStream random;
    GaussianPolicy other(policy.observation_size(), policy.action_size(), config, random);
    saved_("agent/policy", other);
    policy.set_parameters(other.parameters().to(policy.parameters().device()));
  });
}

bool TakingOver::actor_critic(ActorCritic& actor_critic) {
  return attempt("policy and critic", [&] {
    Archive before;
    before("actor_critic", actor_critic);
    try {
      saved_("agent/actor_critic", actor_critic);
    } catch (const Error&) {
      Archive own = Archive::from_bytes(before.bytes());
      own("actor_critic", actor_critic);
      throw;
    }
  });
}

bool TakingOver::model(ModelLearner& learner) {
  return attempt("model", [&] { learner.take(saved_, "agent/learner/model"); });
}

std::string TakingOver::in_words() const {
  if (taken_.empty()) throw UsageError(fmt::format("nothing of it fits these settings: {}", left_));
  return taken_ + " taken" + (left_.empty() ? "" : fmt::format(", not the {}", left_));
}

}  // namespace reverie
