#include <reverie/improvers/improver.h>

#include <stdexcept>

namespace reverie {

Tensor PolicyProblem::gradient_over(const Tensor&, const Tensor&, const SurrogateTerms&) const {
  throw std::logic_error("a problem whose gradient is over all rows");
}

}  // namespace reverie
