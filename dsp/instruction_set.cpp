// SPDX-License-Identifier: MIT
#include "dsp/instruction_set.h"

#include <hwy/targets.h>

namespace landfall::dsp {

std::string instruction_set() {
    const std::int64_t all = hwy::SupportedTargets();
    return hwy::TargetName(all & -all); // the better, the lower the bit
}

} // namespace landfall::dsp
