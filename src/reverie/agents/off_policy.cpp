#include <reverie/agents/off_policy.h>

#include <reverie/agents/start_from.h>
#include <reverie/core/archive.h>

namespace reverie {

void OffPolicyConfig::describe(Settings& settings) {
  settings.add("steps", steps, "real steps of an iteration", between(1, 1e6));
  settings.add("updates", updates, "updates of policy and critic after each real step",
               between(0, 1000));
  settings.add("batch", batch, "replayed transitions of an update", between(1, 1e6));
  settings.group("collect", collect);
}

std::string_view OffPolicyConfig::advice(Sign sign) const {
  return sign == Sign::critic_diverges ? "take fewer (updates) or smaller ones" : "";
}

std::string_view OffPolicyConfig::key_of(SettingRole role) const {
  return role == SettingRole::random_steps ? "collect.random_steps" : "";
}

void SacAgentConfig::describe(Settings& settings) {
  OffPolicyConfig::describe(settings);
  sac.describe(settings);
}

std::unique_ptr<ActorCritic> SacAgentConfig::learner(const TaskSpec& spec, RandomStream random,
                                                     torch::Device device) const {
  return std::make_unique<Sac>(spec, sac, random, device);
}

void Td3AgentConfig::describe(Settings& settings) {
  OffPolicyConfig::describe(settings);
  td3.describe(settings);
}

std::unique_ptr<ActorCritic> Td3AgentConfig::learner(const TaskSpec& spec, RandomStream random,
                                                     torch::Device device) const {
  return std::make_unique<Td3>(spec, td3, random, device);
}

DdpgAgentConfig::DdpgAgentConfig() {
  td3.critic.members = 1;
  td3.smoothing = 0;
  td3.policy_delay = 1;
}

void CrossQAgentConfig::describe(Settings& settings) {
  OffPolicyConfig::describe(settings);
  crossq.describe(settings);
}

std::unique_ptr<ActorCritic> CrossQAgentConfig::learner(const TaskSpec& spec, RandomStream random,
                                                        torch::Device device) const {
  return std::make_unique<CrossQ>(spec, crossq, random, device);
}

OffPolicy::OffPolicy(const OffPolicyConfig& config, Session& session)
    : steps_(config.steps),
      updates_(config.updates),
      batch_(config.batch),
      session_(session),
      collector_(session, config.collect),
      learner_(config.learner(session.task().spec(), session.stream("learner"), session.device())),
      actor_(actor_of(learner_->policy())),
      random_(session.stream("replay")) {}

std::vector<Phase> OffPolicy::iteration() {
  return {{"learn", [this] { learn(); }}};
}

void OffPolicy::learn() {
  if (collector_.take_first_steps(*actor_)) return;
  Monitor& monitor = session_.monitor();
  for (int64_t step = 1; step <= steps_; ++step) {
    collector_.steps(*actor_, 1);
    for (int64_t k = 0; k < updates_; ++k)
      learner_->update(collector_.memory().sample(batch_, random_));
    monitor.progress("learn", static_cast<double>(step) / static_cast<double>(steps_));
  }
  collector_.record_finished();
  learner_->record(monitor);
}

void OffPolicy::serialize(Archive& archive) {
  archive("collector", collector_);
  archive("actor_critic", *learner_);
  archive("random", random_);
}

std::string OffPolicy::start_from(Archive& saved) {
  TakingOver over(saved);
  if (over.actor_critic(*learner_)) collector_.know_how_to_act();
  return over.in_words();
}

}  // namespace reverie
