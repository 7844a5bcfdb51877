#include <reverie/models/fit.h>

#include <reverie/core/error.h>
#include <reverie/models/fit_kernels.h>
#include <reverie/models/fit_torch.h>
#include <reverie/nn/kernels/choice.h>

namespace reverie {

std::vector<std::string> setting_names(EarlyStop) {
  return {"average", "best"};
}

std::vector<std::string> setting_names(HoldoutLoss) {
  return {"objective", "squared_error"};
}

void FitConfig::describe(Settings& settings) {
  settings.add("first_epochs", first_epochs, "most passes over the training split at the first fit",
               between(1, 1e6));
  settings.add("epochs", epochs, "most passes at each later fit", between(1, 1e6));
  settings.add("batch", batch, "rows of a minibatch, per member", between(1, 1e6));
  settings.add("epoch_rows", epoch_rows,
               "rows of an epoch, drawn at random from a member's training split; 0: all of it",
               at_least(0));
  settings.add("learning_rate", learning_rate, "Adam's step size", between(0, 10));
  settings.add("end_factor", end_factor,
               "the last epoch's step size, as a fraction of the first's: it falls linearly, epoch "
               "by epoch, and would reach it at the end where early stopping ends the fit before",
               between(0, 1));
  settings.add(
      "weight_decay", weight_decay,
      "d in the term 0.5 d |W|^2 of the loss, for the weights of each layer, first to last; "
      "one number: for all; empty: none",
      between(0, 1));
  settings.add(
      "bootstrap", bootstrap,
      "whether each member trains on rows drawn with replacement, once a fit, from a split "
      "that all share");
  settings.add("holdout", holdout, "fraction of the data that a member does not train on",
               between(0, 0.9));
  settings.add("most_holdout", most_holdout, "most rows of the holdout; 0: no limit", at_least(0));
  settings.add("holdout_loss", holdout_loss,
               "what stops members, and makes elites of them: the objective on the holdout, or the "
               "squared error of the means there (MBPO)");
  settings.add("stop", stop,
               "what stops a member early: that the rolling average of its holdout loss rises, or "
               "that the best loss so far has not improved (MBPO)");
  settings.add(
      "persistence", persistence,
      "of the rolling average of the holdout loss that stops a member early; 0: run all epochs",
      between(0, 0.9999));
  settings.add("improvement", improvement,
               "fraction of the best holdout loss so far by which a better one must lie below it",
               between(0, 1));
  settings.add("patience", patience,
               "with stop = best: most epochs without such a loss; one more, and the member stops",
               between(0, 1e6));
  settings.add("restore_best", restore_best,
               "whether a member ends with the weights of its best epoch instead of its last");
  settings.add(
      "precision", precision,
      "of the matrix products of a fit; auto: f32, or bf16x3 where it was measured faster when the "
      "program was built "
      "(reverie info says which), recorded as that by a run; bf16 and bf16x3 are emulated on CPUs "
      "without AMX or AVX512_BF16, and refused on a GPU");
  settings.add("window", window, "newest transitions to fit on; 0: all in the replay", at_least(0));
}

std::vector<double> FitConfig::decay_of(int64_t layers) const {
  const auto given = static_cast<int64_t>(weight_decay.size());
  if (given == 0 || given == layers) return weight_decay;
  if (given == 1) return std::vector<double>(static_cast<size_t>(layers), weight_decay.front());
  throw UsageError(fmt::format(
      "fit.weight_decay says {} numbers, but the model has {} layers; give one for each "
      "layer (hidden and last), or one for all",
      given, layers));
}

void FitConfig::check_device(const torch::Device& device) const {
  kernels::check_device(precision, device, "fit.precision");
}

FitReport fit(DynamicsModel& model, const Transitions& data, Objective& objective,
              const FitConfig& config, int64_t epochs, const RandomStream& random, Monitor& monitor,
              const Policy* policy, const Critic* critic, int64_t fresh) {
  TORCH_CHECK(data.size() > 0, "fit needs data");
  const torch::NoGradGuard no_grad;
  config.check_device(model.ensemble().device());
  const Transitions here = moved(data, model.ensemble().device());
  model.set_statistics(here);
  objective.prepare({here, model, monitor, policy, critic, fresh});
  const bool fast = kernels::serve(model.ensemble().parameters()) && objective.steps() == 1;
  FitReport report =
      (fast ? fit_kernels : fit_torch)(model, here, objective, config, epochs, random, monitor);
  model.choose_elites(report.holdout_losses);
  return report;
}

}  // namespace reverie
