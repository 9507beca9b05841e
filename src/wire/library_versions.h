// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace landfall::wire {

/// Of the libraries that are linked, with their names.
[[nodiscard]] std::string pcap_library_version();
[[nodiscard]] std::string audio_library_version();

} // namespace landfall::wire
