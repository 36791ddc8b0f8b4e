// Disks: virtio block devices (Virtual I/O Device Version 1.2, 5.2) become vda, vdb, ...
#pragma once

void virtio_blk_init(void); // registers the driver
