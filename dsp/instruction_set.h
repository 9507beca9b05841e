// SPDX-License-Identifier: MIT
// Which instructions the vectorised kernels run with on this processor.
#pragma once

#include <string>

namespace landfall::dsp {

/// Highway's name of the best set that this processor has, such as "AVX2" or "AVX3_DL".
[[nodiscard]] std::string instruction_set();

} // namespace landfall::dsp
