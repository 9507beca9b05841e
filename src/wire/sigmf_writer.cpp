// SPDX-License-Identifier: MIT
#include "wire/sigmf_writer.h"

#include "wire/recording_source.h"

namespace landfall::wire {

base::result<sigmf_writer> sigmf_writer::create(const std::string& base_name,
                                                const sigmf_metadata& metadata) {
    const std::string base = sigmf_base(base_name).value_or(base_name);
    auto data = output_file::create(base + ".sigmf-data");
    if (!data) {
        return std::unexpected(data.error());
    }
    return sigmf_writer(base, metadata, *std::move(data));
}

base::result<void> sigmf_writer::write(std::span<const base::cf32> samples) {
    buffer_.clear();
    encode_complex(samples, metadata_.datatype, buffer_);
    return data_.write(buffer_);
}

base::result<void> sigmf_writer::close() {
    if (auto closed = data_.close(); !closed) {
        return closed;
    }
    auto meta = output_file::create(base_name_ + ".sigmf-meta");
    if (!meta) {
        return std::unexpected(meta.error());
    }
    const std::string text = write_sigmf(metadata_);
    if (auto written =
            meta->write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        !written) {
        return written;
    }
    return meta->close();
}

} // namespace landfall::wire
