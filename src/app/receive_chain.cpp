// SPDX-License-Identifier: MIT
#include "app/receive_chain.h"

namespace landfall::app {

void receive_chain::push(const wire::iq_block& block, const framing::deframer_sinks& sinks) {
    demodulation_.push(block, [&](const chain_record& record) { decoding_.take(record, sinks); });
}

void receive_chain::finish(const framing::deframer_sinks& sinks) {
    demodulation_.finish([&](const chain_record& record) { decoding_.take(record, sinks); });
}

} // namespace landfall::app
