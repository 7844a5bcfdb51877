// Settings of a run, the same for every method: `run.…`.
#pragma once

#include <reverie/core/settings.h>

namespace reverie {

struct RunConfig {
  int64_t steps = 100'000;
  int64_t seed = 1;
  int64_t threads = 0;
  std::string device = "cpu";
  bool cuda_graphs = false;
  int64_t eval_every = 5;
  int64_t eval_episodes = 20;
  int64_t final_episodes = 500;
  double checkpoint_seconds = 30;
  std::string from = {};

  void describe(Settings& settings) {
    settings.add("steps", steps, "real environment steps to take in all", at_least(1));
    settings.add("seed", seed, "where every random stream starts", between(0, 1e15));
    settings.add("threads", threads, "worker threads; 0: as many as the process may use processors",
                 between(0, 1024));
    settings.add("device", device, "where policy, model and imagination live: cpu, cuda or cuda:N");
    settings.add("cuda_graphs", cuda_graphs,
                 "whether steps of imagination and of fits on a CUDA device are captured as CUDA "
                 "graphs, where the program was built with them (reverie info); not yet tried on a "
                 "GPU");
    settings.add("eval_every", eval_every,
                 "iterations between evaluations of the policy's mean action; 0: only at the end",
                 at_least(0));
    settings.add("eval_episodes", eval_episodes, "fresh episodes of each evaluation",
                 between(1, 100'000));
    settings.add("final_episodes", final_episodes,
                 "fresh episodes of the last evaluation at most: beyond 100 of them it ends where "
                 "the mean's standard error is half a percent of the mean, and beyond "
                 "eval_episodes of them at 100,000 real steps or half of run.steps; not above "
                 "eval_episodes: as many as those",
                 between(0, 100'000));
    settings.add("checkpoint_seconds", checkpoint_seconds,
                 "least seconds between checkpoints; 0: one after each iteration; it changes no "
                 "result",
                 at_least(0));
    settings.add("from", from,
                 "a run whose policy and model to start from, where they fit; the new run's folder "
                 "keeps them as start.ckpt, and its config.toml names that");
  }
};

}  // namespace reverie
