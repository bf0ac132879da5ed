/** Where the codes and links of the simulated Douyin Pay lead. */
export const QR_PATH = '/douyinpay/qr';
export const H5_PATH = '/douyinpay/h5';
