// SPDX-License-Identifier: MIT
#include "wire/library_versions.h"

#include <pcap/pcap.h>
#include <sndfile.h>

namespace landfall::wire {

std::string pcap_library_version() {
    return pcap_lib_version();
}
std::string audio_library_version() {
    return sf_version_string();
}

} // namespace landfall::wire
