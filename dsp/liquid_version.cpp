// SPDX-License-Identifier: MIT
#include "dsp/liquid_version.h"

#include <liquid/liquid.h>

#include <complex>

namespace landfall::dsp {

const char* liquid_version() noexcept {
    return liquid_libversion();
}

} // namespace landfall::dsp
