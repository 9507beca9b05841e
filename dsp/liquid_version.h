// SPDX-License-Identifier: MIT
#pragma once

namespace landfall::dsp {

/// Of the liquid-dsp that is linked, such as "1.5.0".
[[nodiscard]] const char* liquid_version() noexcept;

} // namespace landfall::dsp
