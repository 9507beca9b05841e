// SPDX-License-Identifier: MIT
// DIFI packets in captures (pcap, pcapng), by libpcap.
#pragma once

#include "wire/ethernet.h"
#include "wire/iq_source.h"

#include <memory>
#include <span>
#include <string>

namespace landfall::wire {

/// Several files are one sequence. Without a port or stream to select, every UDP datagram is
/// looked at; what is not DIFI is counted and passed over. Several streams come as blocks with
/// their stream_id. A file that is cut in mid-packet yields what is before, then a failure.
base::result<std::unique_ptr<iq_source>> open_captures(std::span<const std::string> paths,
                                                       const source_options& options);

} // namespace landfall::wire
