// SPDX-License-Identifier: MIT
// The sample type of the receive chain.
#pragma once

#include <complex>

namespace landfall::base {

/// One complex baseband sample, I + jQ; full scale of the digitiser is 1.
using cf32 = std::complex<float>;

} // namespace landfall::base
