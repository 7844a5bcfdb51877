#include <reverie/agents/mb_mpo.h>

namespace reverie {

std::vector<std::string> setting_names(OuterStep) {
  return {"trpo", "ppo"};
}
std::vector<std::string> setting_names(StartStates) {
  return {"reset", "initial", "buffer"};
}

std::vector<std::string> MbMpoConfig::remarks() const {
  if (normalise_observations && random_steps == 0)
    return {
        "normalise_observations does nothing where random_steps is 0: it is their statistics that "
        "the policy's input is normalised by"};
  return {};
}

std::string_view MbMpoConfig::key_of(SettingRole role) const {
  switch (role) {
    case SettingRole::random_steps:
      return "random_steps";
    case SettingRole::learn_reward:
      return "model.learn_reward";
    case SettingRole::learn_end:
      return "model.learn_end";
  }
  return {};
}

std::string_view MbMpoConfig::advice(Sign sign) const {
  switch (sign) {
    case Sign::imagined_too_high:
      return "shorten imagined_horizon, or let the models learn more (fit.epochs, random_steps)";
    case Sign::std_collapsed:
      return "raise policy.min_std, or take smaller steps (trpo.max_kl, ppo.learning_rate)";
    case Sign::useless_model:
      return "fit longer (fit.epochs) on more data (random_steps)";
    case Sign::short_episodes:
      return {};
  }
  return {};
}

void MbMpoConfig::describe(Settings& settings) {
  settings.add("tasks", tasks,
               "tasks of the meta-learner, dealt to the models in consecutive blocks as even as "
               "they divide (M)",
               between(1, 10000));
  settings.add("imagined_rollouts", imagined_rollouts, "imagined rollouts per task and phase",
               between(1, 100000));
  settings.add("imagined_horizon", imagined_horizon,
               "steps of an imagined rollout; 0: the task's horizon", between(0, 1e6));
  settings.add("real_rollouts", real_rollouts, "real episodes per collecting task and iteration",
               between(1, 10000));
  settings.add("collecting_tasks", collecting_tasks,
               "adapted policies that collect, drawn at random; 0: all", at_least(0));
  settings.add("real_horizon", real_horizon,
               "steps of a real rollout, after which the episode is left; 0: the task's horizon. "
               "Shorter, 'return/real' is that of the rollout, not of an episode",
               at_least(0));
  settings.add("random_steps", random_steps, "real steps with uniform actions before the first fit",
               at_least(0));
  settings.add("buffer", buffer, "newest real transitions that are remembered",
               between(1, 1e12));
  settings.add("meta_steps", meta_steps, "meta-gradient steps per iteration", at_least(1));
  settings.add("outer", outer, "the meta-learner's step");
  settings.add("explore_adapted", explore_adapted,
               "whether the adapted policies collect; otherwise the meta-policy does");
  settings.add("normalise_observations", normalise_observations,
               "whether the policy's input is normalised by the random steps' statistics");
  settings.add("starts", starts, "where imagined rollouts start");
  settings.add("reset_probability", reset_probability,
               "with starts = buffer: fraction of fresh initial states", between(0, 1));
  settings.group("policy", policy);
  settings.group("model", model);
  settings.group("fit", fit);
  settings.group("objective", objective);
  settings.group("advantage", advantage);
  settings.group("maml", maml);
  settings.group("trpo", trpo);
  settings.group("ppo", ppo);
}

}  // namespace reverie
